"""Events that a run reports while it works. A listener decides how to show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """One thing that happened. `level` is debug, info, warn or error; `data` are plain values.

    `name` is in CamelCase and does not change between versions.

    An event never holds an API key, a request body or personal data, except in `error`: the exception behind a problem,
    for a traceback, whose text may hold anything.
    """

    name: str
    message: str
    level: str = "info"
    sync: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    error: Exception | None = field(default=None, compare=False, repr=False)


Listener = Callable[[Event], None]
PROGRESS = "Progress"
PROBLEM = "Problem"
"""Something failed. The data are the parts of an error: `code`, `message`, `hint`, `context`."""
INVOCATION = "InvocationStarted"
"""A run begins. The data hold its `invocation_id`."""
WAITING = ("Waiting", "WaitingForLease", "WaitingForUsers")
"""Events of a wait. Their data hold its `seconds` and the `reason`."""
TICK = Event("Tick", "", "debug")
"""Time passes in a wait. Only a terminal shows it."""


def silent(_event: Event) -> None:
    """Ignore the event."""
