"""E-mail changes: users who get another address; a user whom Iterable lacks is skipped, never made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import orjson
from pydantic import Field as Key

from reverse_etl.change import Change
from reverse_etl.definition.entry import ColumnName, Entry
from reverse_etl.definition.faults import Place
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, Stage
from reverse_etl.destinations.iterable.identity import (
    EMAIL,
    NAMES,
    Prefer,
    identifier_faults,
    key_of,
    people_of,
    user_rule,
)
from reverse_etl.destinations.iterable.objects.users import BulkUpdate
from reverse_etl.destinations.iterable.protocol.single import Single
from reverse_etl.destinations.iterable.resources.user_moves import OldThenNew, Person
from reverse_etl.destinations.operation import Body, Operation, Operations, Row
from reverse_etl.destinations.request import Endpoint
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, PersonColumn, Requirement, Sync

# Swagger states no rate; the single reads and deletes of users have this one.
UPDATE_EMAIL = Endpoint("POST", "/api/users/updateEmail", 100)
_NEW = "new_email"
_CURRENT = {"email": "currentEmail", "user_id": "currentUserId"}


class EmailChangesEntry(Entry):
    """Users who get another e-mail address."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("current_email", "user_id")
    OPTIONS: ClassVar[tuple[str, ...]] = ("prefer",)
    object: Literal["email_changes"]
    mode: Literal["update"] = "update"
    current_email: ColumnName | None = Key(default=None, description="column of the address that Iterable has")
    user_id: ColumnName | None = None
    prefer: Prefer = None
    new_email: ColumnName = Key(description="column of the address it shall have")

    def own(self) -> tuple[Field, ...]:
        return (Field(_NEW, self.new_email, as_text=True, lowered=True, own=True),)

    def faults(self, place: Place) -> list[Fault]:
        said = "neither `current_email` nor `user_id` names a column"
        allowed = "current_email, user_id, or both"
        return [] if self.identifiers() else [place.fault("missing-identifier", said, allowed=allowed)]


@dataclass(frozen=True)
class UpdateEmail(Single):
    """Change one user's address: e-mail projects (support article 217502386)."""

    endpoint: Endpoint = UPDATE_EMAIL


class EmailChanges(IterableObject):
    """New addresses of users."""

    name = "email_changes"
    entry = EmailChangesEntry
    stage = Stage.IDENTITY

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        return identifier_faults(sync, project)

    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        return user_rule(sync, project)

    def requirements(self, sync: Sync, project: ProjectType) -> tuple[Requirement, ...]:
        del sync, project
        said = "the new e-mail is missing or malformed"
        return (
            Requirement((f"@{_NEW}",), "bad-new-email", said),
            Requirement((f"@{_NEW}",), "bad-new-email", said, pattern=EMAIL),
        )

    def people(self, sync: Sync, project: ProjectType) -> tuple[PersonColumn, ...]:
        return (*people_of(self.identity(sync, project)), PersonColumn("email", f"@{_NEW}"))

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        key = key_of(sync, project)
        # Elsewhere the address is a field like others (support article 217502386), and goes by the endpoint that
        # users go by, since single and bulk requests for one user may overtake each other.
        write: Operation = UpdateEmail() if project is ProjectType.EMAIL else BulkUpdate(key, updating=True)
        return Operations(write, lookup=OldThenNew(key, _afterwards, proved_by=("email",)))

    def body(self, sync: Sync, project: ProjectType) -> Body:
        first = key_of(sync, project)

        def by_endpoint(row: Row) -> Mapping[str, object]:
            return {_CURRENT[row.key or first]: row.identity, "newEmail": row.own[_NEW]}

        def by_field(row: Row) -> Mapping[str, object]:
            return {NAMES[row.key or first]: row.identity, "dataFields": {"email": row.own[_NEW]}}

        return by_endpoint if project is ProjectType.EMAIL else by_field


def _afterwards(change: Change) -> Person:
    body = orjson.loads(change.body)
    return Person("email", str(body.get("newEmail") or body["dataFields"]["email"]))
