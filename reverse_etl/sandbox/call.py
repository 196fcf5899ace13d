"""One request as the endpoints see it, and what an endpoint is. Knows no transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox import bodies
from reverse_etl.sandbox.replies import Refusal, Reply

if TYPE_CHECKING:
    from reverse_etl.sandbox.project import Project

# Where bulk requests hold their rows.
_ROWS: Final = ("users", "events", "updateSubscriptionsRequests", "subscribers", "documents", "itemIds")


@dataclass(frozen=True)
class Call:
    """`path` is decoded; `arguments` are the decoded segments for which the route has a `*`.

    A name that the query repeats has its values with commas between; `origin` is where the sandbox was asked.
    """

    project: Project
    path: str
    arguments: tuple[str, ...]
    query: Mapping[str, str]
    raw: bytes
    origin: str = ""

    @property
    def argument(self) -> str:
        """The last of the arguments."""
        return self.arguments[-1]

    @cached_property
    def body(self) -> dict[str, Any]:
        """Raises the refusal of a body that is not a JSON object."""
        return bodies.parse(self.raw, self.path)

    def items(self) -> int:
        """How many things the body holds: rows of a bulk request, else one."""
        if not self.raw:
            return 0
        try:
            rows = next((rows for name in _ROWS if (rows := self.body.get(name)) is not None), None)
        except Refusal:
            return 0
        return len(rows) if isinstance(rows, (list, dict)) else 1


Endpoint = Callable[[Call], Reply]


def number(text: str, otherwise: int) -> int:
    """The number that a part of an address is, where it is one."""
    return int(text) if text.isdecimal() and len(text) < 10 else otherwise
