"""One request as the endpoints see it, and what an endpoint is. Knows no transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Refusal, Reply

if TYPE_CHECKING:
    from reverse_etl.sandbox.state.project import Project

# Where bulk requests hold their rows.
_ROWS: Final = ("users", "events", "updateSubscriptionsRequests", "subscribers", "documents", "itemIds")


@dataclass(frozen=True)
class Call:
    """`path` is decoded; `arguments` are the decoded segments for which the route has a `*`.

    `query` has one value for each name, see `first_or_all`; `origin` is the URL that the sandbox was called at,
    and `client` is the User-Agent.
    """

    project: Project
    path: str
    arguments: tuple[str, ...]
    query: Mapping[str, str]
    raw: bytes
    origin: str = ""
    client: str = ""

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
            rows = _rows_in(self.body)
        except Refusal:
            return 0
        return len(rows) if isinstance(rows, (list, dict)) else 1


Endpoint = Callable[[Call], Reply]


def rows_of(body: Mapping[str, Any]) -> list[Any]:
    """Return the rows of a bulk request, and nothing for any other."""
    rows = _rows_in(body)
    return rows if isinstance(rows, list) else []


def _rows_in(body: Mapping[str, Any]) -> Any:
    return next((rows for name in _ROWS if (rows := body.get(name)) is not None), None)


# Parameters that Iterable's Swagger document declares as arrays with `collectionFormat: multi`.
_ARRAYS: Final = frozenset({"onlyFields", "campaignIds"})


def first_or_all(name: str, values: Sequence[str]) -> str:
    """Return the value of a query parameter that may be repeated.

    Most parameters have one value, so the first one counts. Arrays keep each value once, separated by commas.
    """
    return ",".join(dict.fromkeys(values)) if name in _ARRAYS else values[0]


def number(text: str, otherwise: int) -> int:
    """The number that a part of an address is, where it is one."""
    return int(text) if text.isdecimal() and len(text) < 10 else otherwise
