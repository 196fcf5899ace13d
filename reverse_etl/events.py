"""Event: something a run tells while it goes on; who listens decides how it looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """One thing that happened. `name` is stable CamelCase, `level` debug | info | warn | error, `data` plain values.

    Never holds a key, a payload or personal data. `error` is the exception behind a problem, for a traceback: its text
    may hold anything.
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
"""Something is wrong; the data are the parts of an error: `code`, `message`, `hint`, `context`."""
INVOCATION = "InvocationStarted"
"""A run begins; the data hold its `invocation_id`."""
WAITING = ("Waiting", "WaitingForLease", "WaitingForUsers")
"""Events of a wait; their data hold its `seconds` and the `reason`."""
TICK = Event("Tick", "", "debug")
"""Time passes in a wait. Only a terminal shows it."""


def silent(_event: Event) -> None:
    """Hears nothing."""
