"""One request as the endpoints see it, and the type of an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.replies import Refusal, Reply

if TYPE_CHECKING:
    from reverse_etl.sandbox.state.project import Project

# The members that hold the rows of bulk requests.
_ROW_MEMBERS: Final = ("users", "events", "updateSubscriptionsRequests", "subscribers", "documents", "itemIds")
# Parameters that Iterable's Swagger document declares as arrays with `collectionFormat: multi`.
_ARRAY_PARAMETERS: Final = frozenset({"onlyFields", "campaignIds"})


@dataclass(frozen=True)
class Call:
    """`path` is decoded. `arguments` are the decoded path segments for which the route has a `*`.

    `query` has one value for each name, see `join_query_values`. `origin` is the URL of the sandbox in the request,
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
        """Return the last one of the arguments."""
        return self.arguments[-1]

    @cached_property
    def body(self) -> dict[str, Any]:
        """Return the JSON body. Raises Refusal if it is not a JSON object."""
        return request_bodies.parse_body(self.raw, self.path)

    def count_items(self) -> int:
        """Return the number of rows of a bulk request, else 1. A request without a body has 0."""
        if not self.raw:
            return 0
        try:
            rows = _get_rows(self.body)
        except Refusal:
            return 0
        return len(rows) if isinstance(rows, (list, dict)) else 1


Endpoint = Callable[[Call], Reply]


def list_rows(body: Mapping[str, Any]) -> list[Any]:
    """Return the rows of a bulk request. Other requests have none."""
    rows = _get_rows(body)
    return rows if isinstance(rows, list) else []


def _get_rows(body: Mapping[str, Any]) -> Any:
    return next((rows for name in _ROW_MEMBERS if (rows := body.get(name)) is not None), None)


def join_query_values(name: str, values: Sequence[str]) -> str:
    """Return the value of a query parameter that can be repeated.

    Most parameters have one value, so the first one counts. Arrays keep each value once, separated by commas.
    """
    return ",".join(dict.fromkeys(values)) if name in _ARRAY_PARAMETERS else values[0]


def parse_number(text: str, default: int) -> int:
    """Return the number in a part of an address, or the default if it is not a number."""
    return int(text) if text.isdecimal() and len(text) < 10 else default
