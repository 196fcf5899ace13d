"""Reads who is on a list, by GET /api/lists/getUsers, and the profiles of its members if a sync maps fields.

The reply is plain text with one identifier a line. In a hybrid project, `preferUserId` chooses which of two identifiers
a user is named by; a project of another type has one (Swagger document). Five requests a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.comparable_values import FieldComparison
from reverse_etl.destinations.iterable.identity import Identifiers
from reverse_etl.destinations.iterable.resources.stored_users import StoredUsers
from reverse_etl.destinations.request import Endpoint, Request
from reverse_etl.destinations.stored_rows import ReadingRoom, StoredRow, StoredRows, Values
from reverse_etl.errors import ConfigError, DestinationError
from reverse_etl.sync import Sync

GET_USERS = Endpoint("GET", "/api/lists/getUsers", 5 / 60)
_MEMBER = "member"


@dataclass(frozen=True)
class StoredMembers(StoredRows):
    """Members of a list. `kinds` are the identifiers that lists of the project name users by.

    `leaves`: rows are users who are not on the list. `comparison`: the fields that are sent with a member, if any.
    """

    list_id: int
    kinds: Sequence[str]
    leaves: bool = False
    comparison: FieldComparison | None = None
    noun: str = "member"

    @property
    def missing_is_equal(self) -> bool:  # type: ignore[override]  # it depends on the definition
        return self.leaves

    def expect(self, body: Mapping[str, object]) -> Values:
        fields = StoredUsers(self.comparison).expect(body) if self.comparison is not None else {}
        return {**fields, _MEMBER: None if self.leaves else True}

    def read(self, room: ReadingRoom) -> Iterator[StoredRow]:
        for kind in self.kinds:
            path = self._download(room, kind)
            with path.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    name = line.strip()
                    if name:
                        text = name.lower() if kind == "email" else name
                        # A second kind names the same members again.
                        yield StoredRow({kind: text}, {_MEMBER: True}, is_listed=kind == self.kinds[0])
        if self.comparison is not None and self.comparison.paths:
            for row in StoredUsers(self.comparison).read(room):
                yield StoredRow(row.identifiers, row.values, is_listed=False, exists=False)

    def _download(self, room: ReadingRoom, kind: str) -> Path:
        prefers = "true" if kind == "user_id" else "false"
        path = room.folder / f".members-{kind}"
        room.report(f"reads the members of list {self.list_id} by {kind}")
        request = Request(GET_USERS, f"{GET_USERS.path}?listId={self.list_id}&preferUserId={prefers}")
        reply = room.caller.download(request, path)
        if reply.status != 200:
            raise DestinationError(
                "members-not-read",
                f"Iterable did not return the members of list {self.list_id}",
                context={
                    "status": reply.status,
                    "code": reply.code or "none",
                    "request": reply.request_id or "unnamed",
                },
                hint="Run again later: nothing was sent. Iterable may not return very large lists.",
            )
        return path


def find_member_kinds(sync: Sync, identifiers: Identifiers) -> tuple[str, ...]:
    """Return the identifiers of a sync that Iterable names members by. Raises ConfigError if there is none."""
    unique = {ProjectType.EMAIL: ("email",), ProjectType.USER_ID: ("user_id",)}
    kinds = tuple(key for key in identifiers.keys if key in unique.get(identifiers.project, identifiers.keys))
    if not kinds:
        raise ConfigError(
            "members-not-comparable",
            f"sync `{sync.name}`: an e-mail project names the members of a list by e-mail, and the rows have none",
            context={"model": sync.model, "file": sync.file},
            hint="Map `email`, or run `baseline --trust` if the members are on the list already.",
        )
    return kinds
