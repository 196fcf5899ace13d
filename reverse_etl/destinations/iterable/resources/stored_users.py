"""Reads the profiles of users, and what users are subscribed to, from an export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reverse_etl.destinations.bound_object import SyncContext
from reverse_etl.destinations.iterable.fields.comparable_values import FieldComparison
from reverse_etl.destinations.iterable.fields.field_types import read_user_types
from reverse_etl.destinations.iterable.resources.user_export import UserExport
from reverse_etl.destinations.request import ApiCaller
from reverse_etl.destinations.stored_rows import ReadingRoom, StoredRow, StoredRows, Values

# Kinds of identifiers, and their names in a profile.
_IDENTIFIERS = {"email": "email", "user_id": "userId"}


@dataclass(frozen=True)
class StoredUsers(StoredRows):
    """Profiles, by their mapped fields. Other fields of a profile do not matter."""

    comparison: FieldComparison
    noun: str = "user"

    def expect(self, body: Mapping[str, object]) -> Values:
        data = body.get("dataFields")
        return self.comparison.pick_sent(data if isinstance(data, dict) else {})

    def read(self, room: ReadingRoom) -> Iterator[StoredRow]:
        for user in UserExport(room, (*_IDENTIFIERS.values(), *self.comparison.top_fields)).read():
            yield StoredRow(identify_user(user), self.comparison.pick_stored(user))


@dataclass(frozen=True)
class StoredSubscriptions(StoredRows):
    """What users are subscribed to: arrays of ids, whose order does not matter. `members` are their names."""

    members: Sequence[str]
    noun: str = "user"

    def expect(self, body: Mapping[str, object]) -> Values:
        return {name: ids or None for name, ids in self._arrays(body) if ids is not None}

    def read(self, room: ReadingRoom) -> Iterator[StoredRow]:
        for user in UserExport(room, (*_IDENTIFIERS.values(), *self.members)).read():
            yield StoredRow(identify_user(user), {name: ids for name, ids in self._arrays(user) if ids})

    def _arrays(self, data: Mapping[str, Any]) -> Iterator[tuple[str, list[Any] | None]]:
        """Yield each array. Lists are in `emailListIds` or in `userListIds`, which depends on the project."""
        for name in self.members:
            found = data.get(name)
            ids = sorted(set(found), key=str) if isinstance(found, list) else None
            yield ("lists" if name.endswith("ListIds") else name), ids


def compare_users(context: SyncContext, caller: ApiCaller, *, merges: bool) -> FieldComparison:
    """Return how the mapped fields of users are compared. Raises DestinationError."""
    types = read_user_types(caller)
    paths = [item.path for item in context.sync.fields or () if not item.from_key]
    return FieldComparison(paths, types or {}, merges=merges, lowered=("email",))


def identify_user(user: Mapping[str, Any]) -> dict[str, str]:
    """Return the identifiers of a user by their kind, as rows have them."""
    found = {kind: user.get(name) for kind, name in _IDENTIFIERS.items()}
    texts = {kind: value for kind, value in found.items() if isinstance(value, str) and value}
    return {kind: text.lower() if kind == "email" else text for kind, text in texts.items()}
