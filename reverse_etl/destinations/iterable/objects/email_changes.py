"""E-mail changes: users who get another address. Users that Iterable does not have are skipped, never created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import orjson
from pydantic import Field as Key

from reverse_etl.change import Change
from reverse_etl.definition.entry import ColumnName, Entry
from reverse_etl.definition.faults import EntryLocation
from reverse_etl.destinations.bound_object import BoundObject
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, SyncOrder
from reverse_etl.destinations.iterable.identity import (
    EMAIL,
    Identifiers,
    Prefer,
    person_column,
    person_columns,
)
from reverse_etl.destinations.iterable.objects.users import BulkUpdate
from reverse_etl.destinations.iterable.protocol.single import Single
from reverse_etl.destinations.iterable.resources.identifier_change_lookup import IdentifierChangeLookup, UserIdentifier
from reverse_etl.destinations.iterable.resources.journeys import PROFILE_UPDATE
from reverse_etl.destinations.operation import Operation, Operations, Row
from reverse_etl.destinations.request import Endpoint
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, Requirement

# Swagger states no rate; the single reads and deletes of users have this one.
UPDATE_EMAIL = Endpoint("POST", "/api/users/updateEmail", 100)
_NEW = "new_email"
_CURRENT = {"email": "currentEmail", "user_id": "currentUserId"}


class EmailChangesEntry(Entry):
    """Users who get another e-mail address."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("current_email", "user_id")
    object: Literal["email_changes"]
    mode: Literal["update"] = "update"
    current_email: ColumnName | None = Key(default=None, description="column with the address that Iterable has")
    user_id: ColumnName | None = None
    prefer: Prefer = None
    new_email: ColumnName = Key(description="column with the new address")

    def key_fields(self) -> tuple[Field, ...]:
        return (Field(_NEW, self.new_email, as_text=True, lowered=True, from_key=True),)

    def faults(self, location: EntryLocation) -> list[Fault]:
        message = "neither `current_email` nor `user_id` names a column"
        allowed = "current_email, user_id, or both"
        return [] if self.identifiers() else [location.fault("missing-identifier", message, allowed=allowed)]


def bind(entry: EmailChangesEntry, project: ProjectType) -> BoundObject:
    """Return how users are identified and get their new address.

    In an e-mail project an endpoint changes it. In other projects the address is a field like others (support article
    217502386), and goes by the endpoint of users: single and bulk requests for one user may overtake each other.
    """
    columns = {"email": entry.current_email, "user_id": entry.user_id}
    identifiers = Identifiers({key: column for key, column in columns.items() if column}, project, entry.prefer)
    identity, by_endpoint = identifiers.rule(), project is ProjectType.EMAIL
    write: Operation = UpdateEmail() if by_endpoint else BulkUpdate(identifiers.key, updates_only=True)
    lookup = IdentifierChangeLookup(identifiers.key, _person_afterwards, proved_by=("email",))
    message = "the new e-mail is missing or malformed"
    return BoundObject(
        identity=identity,
        operations=Operations(write, lookup=lookup),
        body=partial(_endpoint_body if by_endpoint else _field_body, identifiers),
        fields=entry.key_fields(),
        requirements=(
            Requirement((f"@{_NEW}",), "bad-new-email", message),
            Requirement((f"@{_NEW}",), "bad-new-email", message, pattern=EMAIL),
        ),
        people=(*person_columns(identity), person_column("email", f"@{_NEW}")),
        is_log=True,
        changes_identifier=True,
        check=identifiers.check,
        journey_events=() if by_endpoint else (PROFILE_UPDATE,),
    )


def _endpoint_body(identifiers: Identifiers, row: Row) -> Mapping[str, object]:
    return {_CURRENT[row.key or identifiers.key]: row.identity, "newEmail": row.key_values[_NEW]}


def _field_body(identifiers: Identifiers, row: Row) -> Mapping[str, object]:
    return {**identifiers.user_of(row), "dataFields": {"email": row.key_values[_NEW]}}


@dataclass(frozen=True)
class UpdateEmail(Single):
    """Changes the address of one user, in e-mail projects (support article 217502386)."""

    endpoint: Endpoint = UPDATE_EMAIL


def _person_afterwards(change: Change) -> UserIdentifier:
    body = orjson.loads(change.body)
    return UserIdentifier("email", str(body.get("newEmail") or body["dataFields"]["email"]))


EMAIL_CHANGES = IterableObject(EmailChangesEntry, SyncOrder.IDENTITY, bind)
