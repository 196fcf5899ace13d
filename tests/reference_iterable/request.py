"""One request as an endpoint sees it, with the state to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference_iterable.project_memory import Memory
from tests.reference_iterable.replies import Refusal, bad_params, batch_too_large
from tests.reference_iterable.rules.bodies import check_body

MOST_ROWS = 1000


@dataclass(frozen=True)
class Call:
    """`values` come from the path and the query. `refused` are identifiers that a test wants to fail.

    `note` adds an observation. `touch` notes a user of the request.
    """

    memory: Memory
    path: str
    values: Mapping[str, str]
    body: Any
    refused: set[str]
    note: Callable[[str], None]
    touch: Callable[[str], None]

    def check_body(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body if it has this shape. Raises Refusal."""
        return check_body(self.path, self.body, shape, self.note)

    def get_value(self, name: str) -> str:
        """Return a required value of the path or query. Raises Refusal."""
        if name not in self.values:
            raise bad_params(f"Missing parameter: {name}")
        return self.values[name]

    def get_number(self, name: str, default: int | None = None) -> int:
        """Return a whole number of the path or query. Raises Refusal."""
        text = self.get_value(name) if default is None else self.values.get(name, str(default))
        if not text.isdecimal():
            raise bad_params(f"Cannot parse parameter {name} as Int: {text}")
        return int(text)

    def note_user(self, row: Mapping[str, Any]) -> str:
        """Note and return the user of a row."""
        name = str(row.get("email") or row.get("userId") or "").lower()
        self.touch(name)
        return name

    def check_batch(self, rows: Sequence[Mapping[str, Any]], *, once: bool = True) -> None:
        """Check a bulk request. `once`: add an observation if a user is in it twice. Raises Refusal."""
        limit = self.memory.settings.batch_limit
        if limit is not None and len(rows) > limit:
            raise Refusal(batch_too_large(limit))
        if len(rows) > MOST_ROWS:
            self.note(f"count: {len(rows)} rows in one request")
        if not rows:
            self.note(f"count: an empty request to {self.path}")
        names = [self.note_user(row) for row in rows]
        if once and len(set(names)) < len(names):
            self.note(f"twice: one user is more than once in a request to {self.path}")
