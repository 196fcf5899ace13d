"""One request as the endpoints see it, and what an endpoint is. Knows no transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reverse_etl.sandbox import bodies
from reverse_etl.sandbox.replies import Refusal, Reply

if TYPE_CHECKING:
    from reverse_etl.sandbox.project import Project


@dataclass(frozen=True)
class Call:
    """`path` is decoded, `argument` its decoded last segment where the route has one."""

    project: Project
    path: str
    argument: str
    query: Mapping[str, str]
    raw: bytes

    @cached_property
    def body(self) -> dict[str, Any]:
        """Raises the refusal of a body that is not a JSON object."""
        return bodies.parse(self.raw, self.path)

    def items(self) -> int:
        """How many things the body holds: users of a bulk request, else one."""
        if not self.raw:
            return 0
        try:
            users = self.body.get("users")
        except Refusal:
            return 0
        return len(users) if isinstance(users, list) else 1


Endpoint = Callable[[Call], Reply]
