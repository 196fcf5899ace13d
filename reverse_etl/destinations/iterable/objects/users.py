"""Users: profiles by POST /api/users/bulkUpdate, and single deletes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal
from urllib.parse import quote

from pydantic import Field as Key

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.change_block import join_bodies
from reverse_etl.definition.entry import ColumnName, FieldsEntry
from reverse_etl.definition.faults import EntryLocation, location_of
from reverse_etl.definition.send_key import ChangedFieldsEntry
from reverse_etl.destinations.bound_object import BoundObject, SyncContext
from reverse_etl.destinations.column_body import ColumnBody, ColumnMembers, RowColumns
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, SyncOrder
from reverse_etl.destinations.iterable.fields.field_types import (
    check_user_fields,
    inspect_user_fields,
    warn_of_dropped_fields,
)
from reverse_etl.destinations.iterable.fields.reserved_names import find_reserved_user_fields
from reverse_etl.destinations.iterable.identity import (
    JSON_NAMES,
    Identifiers,
    Prefer,
    missing_identifier,
    person_columns,
)
from reverse_etl.destinations.iterable.protocol.bulk import MEANING, BulkReader, is_unknown, rejected
from reverse_etl.destinations.iterable.protocol.bulk_failures import Failure, Identifier
from reverse_etl.destinations.iterable.protocol.single import is_absent
from reverse_etl.destinations.iterable.resources.journeys import NEW_USER, PROFILE_CLEARED, PROFILE_UPDATE
from reverse_etl.destinations.iterable.resources.stored_users import StoredUsers, compare_users
from reverse_etl.destinations.iterable.resources.user_lookup import UserExists
from reverse_etl.destinations.journeys import JourneyEvent
from reverse_etl.destinations.operation import (
    NOTHING_TO_SEND,
    BatchResult,
    Clarity,
    Operation,
    Operations,
    Row,
    UnfitRow,
)
from reverse_etl.destinations.request import ApiCaller, Endpoint, Reply, Request
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, OnRemoved, Sync

# Limits: Swagger document. The body limit is 4 MB, which is taken as 4,000,000 bytes; no row count is documented.
BULK_UPDATE = Endpoint("POST", "/api/users/bulkUpdate", 5)
DELETE = Endpoint("DELETE", "/api/users", 100)


class UsersEntry(ChangedFieldsEntry, FieldsEntry):
    """User profiles, by POST /api/users/bulkUpdate."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("email", "user_id")
    object: Literal["users"]
    mode: Literal["upsert", "update", "mirror"] = Key(
        default="upsert",
        description="update: unknown users are skipped; mirror: users whose row left the model are deleted",
    )
    email: ColumnName | None = None
    user_id: ColumnName | None = None
    prefer: Prefer = None
    on_removed: Literal["ignore", "clear", "delete"] | None = Key(
        default=None, description="default: delete in mode mirror, else ignore"
    )
    prefer_user_id: bool = Key(
        default=False, description="e-mail projects: create users that are known by user id only"
    )
    merge_nested_objects: bool = Key(default=False, description="merge objects into stored ones, one level deep")
    create_new_fields: bool | None = Key(
        default=None, description="whether Iterable may add fields; default: the project's"
    )
    allow_dropped_fields: bool = Key(
        default=False, description="accept rows although Iterable dropped some of their fields"
    )

    def removal_action(self) -> OnRemoved:
        return self.on_removed or ("delete" if self.mode == "mirror" else "ignore")

    def faults(self, location: EntryLocation) -> list[Fault]:
        faults = [] if self.identifiers() else [missing_identifier(location)]
        if self.mode == "mirror" and self.on_removed == "ignore":
            said = "`mode: mirror` cannot ignore removed rows"
            faults.append(location.fault("contradictory-keys", said, key="on_removed", allowed="delete, clear"))
        return faults


def bind(entry: UsersEntry, project: ProjectType) -> BoundObject:
    """Return how profiles are identified and sent: by their first identifier, the other one is data."""
    identifiers = Identifiers.of(entry, project)
    fields = tuple(
        Field(JSON_NAMES[key], column, nulls="skip", as_text=True)
        for key, column in entry.identifiers().items()
        if key != identifiers.key
    )
    identity = identifiers.rule()
    return BoundObject(
        identity=identity,
        operations=_operations(entry, identifiers),
        body=partial(_body, entry, identifiers),
        merge_depth=2 if entry.merge_nested_objects else 1,
        by_column=ColumnBody(partial(_columns, entry)),
        fields=fields,
        people=person_columns(identity, fields),
        check=partial(_check, entry, identifiers),
        inspect=partial(_inspect, entry),
        connector=_connect,
        journey_events=_journey_events(entry),
        open_stored_rows=partial(_open_stored_rows, entry),
    )


def _journey_events(entry: UsersEntry) -> tuple[JourneyEvent, ...]:
    created = () if entry.mode == "update" else (NEW_USER,)
    cleared = (PROFILE_CLEARED,) if entry.removal_action() == "clear" else ()
    return (PROFILE_UPDATE, *created, *cleared)


def _check(entry: UsersEntry, identifiers: Identifiers, sync: Sync) -> list[Fault]:
    location, faults = location_of(sync), identifiers.check(sync)
    if _needs_placeholder(identifiers) and entry.mode != "update" and not entry.prefer_user_id:
        faults.append(
            location.fault(
                "wrong-identifier",
                "an e-mail project does not create users from only a user id",
                key="user_id",
                allowed="an `email` column, `mode: update`, or `prefer_user_id: true` for placeholder addresses",
            )
        )
    return [*faults, *find_reserved_user_fields(sync, location)]


def _needs_placeholder(identifiers: Identifiers) -> bool:
    """Return whether a new user has an e-mail only if Iterable makes a placeholder of the user id."""
    return identifiers.project is ProjectType.EMAIL and identifiers.key == "user_id"


def _body(entry: UsersEntry, identifiers: Identifiers, row: Row) -> Mapping[str, object]:
    body = identifiers.user_of(row)
    # A row that is identified by the other identifier has it among its data as well.
    is_first = row.key in ("", identifiers.key)
    data = row.data if is_first else {name: v for name, v in row.data.items() if name not in body}
    if row.partial and not data:
        raise UnfitRow(NOTHING_TO_SEND, "only the letter case of its identifier changed")
    body["dataFields"] = data
    if entry.prefer_user_id:
        body["preferUserId"] = True
    if entry.merge_nested_objects:
        body["mergeNestedObjects"] = True
    return body


def _columns(entry: UsersEntry, rows: RowColumns) -> ColumnMembers:
    flags = {"preferUserId": entry.prefer_user_id, "mergeNestedObjects": entry.merge_nested_objects}
    flags = {name: True for name, is_set in flags.items() if is_set}
    return {JSON_NAMES[rows.key]: rows.identity, "dataFields": rows.build_data(), **flags}


def _operations(entry: UsersEntry, identifiers: Identifiers) -> Operations:
    key, updates = identifiers.key, entry.mode == "update"
    write = BulkUpdate(
        key,
        create_new_fields=entry.create_new_fields,
        updates_only=updates,
        allow_dropped_fields=entry.allow_dropped_fields,
    )
    remove = {"delete": DeleteUser(key), "clear": write}.get(entry.removal_action())
    # An e-mail project refuses an unknown user id by itself; every other request would create the user.
    refuses_unknown = _needs_placeholder(identifiers) and not entry.prefer_user_id
    return Operations(write, remove, UserExists(key) if updates and not refuses_unknown else None)


def _connect(bound: BoundObject, context: SyncContext, caller: ApiCaller) -> BoundObject:
    return replace(bound, warnings=check_user_fields(context, caller))


def _open_stored_rows(entry: UsersEntry, bound: BoundObject, context: SyncContext, caller: ApiCaller) -> StoredUsers:
    del bound
    return StoredUsers(compare_users(context, caller, merges=entry.merge_nested_objects))


def _inspect(entry: UsersEntry, context: SyncContext, caller: ApiCaller) -> Inspection:
    inspection = inspect_user_fields(context, caller)
    if entry.create_new_fields is not False or not inspection.new_fields:
        return inspection
    return replace(inspection, warnings=(*inspection.warnings, warn_of_dropped_fields(inspection.new_fields)))


@dataclass(frozen=True)
class BulkUpdate(Operation):
    """Creates or updates many users. `updates_only`: users that Iterable does not have are skipped, not rejected."""

    key: str
    create_new_fields: bool | None = None
    updates_only: bool = False
    allow_dropped_fields: bool = False
    endpoint: Endpoint = BULK_UPDATE
    overhead: int = 100
    effect: str = "their fields are cleared in Iterable"

    def build(self, changes: Sequence[Change]) -> Request:
        flag = "" if self.create_new_fields is None else f',"createNewFields":{str(self.create_new_fields).lower()}'
        body = b'{"users":[' + join_bodies(changes) + b"]" + flag.encode() + b"}"
        return Request(self.endpoint, self.endpoint.path, body)

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        return BulkReader(self._outcome, self.allow_dropped_fields).read(changes, reply)

    def _outcome(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        if self.updates_only and is_unknown(self.key, change, named, failure):
            return Outcome(change.ordinal, Status.SKIPPED, *MEANING["notFound"])
        return rejected(change, named, failure, self.key)


@dataclass(frozen=True)
class DeleteUser(Operation):
    """Deletes one user, whom Iterable had: it accepted this row. A user that does not exist counts as deleted."""

    key: str
    endpoint: Endpoint = DELETE
    max_rows: int = 1
    effect: str = "their users are deleted in Iterable"

    def build(self, changes: Sequence[Change]) -> Request:
        inner = "byUserId/" if (changes[0].key or self.key) == "user_id" else ""
        return Request(self.endpoint, f"{self.endpoint.path}/{inner}{quote(changes[0].identity, safe='')}")

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        del changes
        done = isinstance(reply.body, dict) and reply.code in ("Success", "Accepted")
        return BatchResult(Clarity.CERTAIN if done else Clarity.MALFORMED)

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return Outcome(change.ordinal, Status.ACCEPTED) if is_absent(reply) else None


USERS = IterableObject(UsersEntry, SyncOrder.PROFILES, bind)
