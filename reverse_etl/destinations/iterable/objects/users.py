"""Users: profiles by POST /api/users/bulkUpdate, and single deletes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal
from urllib.parse import quote

from pydantic import Field as Key

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.definition.entry import ColumnName, FieldsEntry
from reverse_etl.definition.faults import Place, place_of
from reverse_etl.destinations.bound_object import SyncContext
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.iterable.base import IterableObject, Prepared, ProjectType, Stage
from reverse_etl.destinations.iterable.fields.field_types import check_user_fields, dropping, inspect_user_fields
from reverse_etl.destinations.iterable.fields.reserved_names import user_field_faults
from reverse_etl.destinations.iterable.identity import (
    NAMES,
    Prefer,
    UserExists,
    identifier_faults,
    key_of,
    missing_identifier,
    people_of,
    user_rule,
)
from reverse_etl.destinations.iterable.protocol.bulk import MEANING, BulkReader, is_unknown, rejected
from reverse_etl.destinations.iterable.protocol.bulk_failures import Failure, Identifier
from reverse_etl.destinations.iterable.protocol.single import is_absent
from reverse_etl.destinations.operation import BatchResult, Body, Clarity, Operation, Operations, Row
from reverse_etl.destinations.request import ApiCaller, Endpoint, Reply, Request
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, OnRemoved, PersonColumn, Sync

# Limits: Swagger document. The body limit is 4 MB, which is taken as 4,000,000 bytes; no row count is documented.
BULK_UPDATE = Endpoint("POST", "/api/users/bulkUpdate", 5)
DELETE = Endpoint("DELETE", "/api/users", 100)


class UsersEntry(FieldsEntry):
    """User profiles, by POST /api/users/bulkUpdate."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("email", "user_id")
    OPTIONS: ClassVar[tuple[str, ...]] = (
        "prefer",
        "prefer_user_id",
        "merge_nested_objects",
        "create_new_fields",
        "allow_dropped_fields",
    )
    object: Literal["users"]
    mode: Literal["upsert", "update", "mirror"] = Key(
        default="upsert",
        description="update: users that Iterable lacks are skipped; mirror: those that left the model are deleted",
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

    def removal(self) -> OnRemoved:
        return self.on_removed or ("delete" if self.mode == "mirror" else "ignore")

    def faults(self, place: Place) -> list[Fault]:
        faults = [] if self.identifiers() else [missing_identifier(place)]
        if self.mode == "mirror" and self.on_removed == "ignore":
            said = "`mode: mirror` cannot ignore removed rows"
            faults.append(place.fault("contradictory-keys", said, key="on_removed", allowed="delete, clear"))
        return faults


@dataclass(frozen=True)
class BulkUpdate(Operation):
    """Update users, or make them, many at once. `updating`: users that Iterable lacks are skipped, not rejected."""

    key: str
    create_new_fields: bool | None = None
    updating: bool = False
    allow_dropped_fields: bool = False
    endpoint: Endpoint = BULK_UPDATE
    overhead: int = 100
    effect: str = "their fields are cleared in Iterable"

    def build(self, changes: Sequence[Change]) -> Request:
        flag = "" if self.create_new_fields is None else f',"createNewFields":{str(self.create_new_fields).lower()}'
        body = b'{"users":[' + b",".join([change.body for change in changes]) + b"]" + flag.encode() + b"}"
        return Request(self.endpoint, self.endpoint.path, body)

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        return BulkReader(self._fate, self.allow_dropped_fields).read(changes, reply)

    def _fate(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        if self.updating and is_unknown(self.key, change, named, failure):
            return Outcome(change.ordinal, Status.SKIPPED, *MEANING["notFound"])
        return rejected(change, named, failure, self.key)


@dataclass(frozen=True)
class DeleteUser(Operation):
    """Delete one user, whom Iterable had before: it took this row. One that is not there any more is deleted."""

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


class Users(IterableObject):
    """User profiles."""

    name = "users"
    entry = UsersEntry
    stage = Stage.PROFILES

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        place = place_of(sync)
        faults = identifier_faults(sync, project)
        makes_none = project is ProjectType.EMAIL and key_of(sync, project) == "user_id" and sync.mode != "update"
        if makes_none and not sync.option("prefer_user_id"):
            faults.append(
                place.fault(
                    "wrong-identifier",
                    "an e-mail project makes no users from a user id alone",
                    key="user_id",
                    allowed="an `email` column, `mode: update`, or `prefer_user_id: true` for placeholder addresses",
                )
            )
        return [*faults, *user_field_faults(sync, place)]

    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        return user_rule(sync, project)

    def extra_fields(self, sync: Sync, project: ProjectType) -> tuple[Field, ...]:
        key = key_of(sync, project)
        others = [(name, column) for name, column in sync.identifiers.items() if name != key]
        return tuple(Field(NAMES[name], column, nulls="skip", as_text=True) for name, column in others)

    def people(self, sync: Sync, project: ProjectType) -> tuple[PersonColumn, ...]:
        return people_of(self.identity(sync, project), self.extra_fields(sync, project))

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        key = key_of(sync, project)
        updating = sync.mode == "update"
        # An e-mail project refuses an unknown user id by itself; everywhere else the user would be made.
        knows_itself = project is ProjectType.EMAIL and key == "user_id" and not sync.option("prefer_user_id")
        create = sync.options.get("create_new_fields")
        write = BulkUpdate(
            key,
            create_new_fields=None if create is None else bool(create),
            updating=updating,
            allow_dropped_fields=sync.option("allow_dropped_fields"),
        )
        remove = {"delete": DeleteUser(key), "clear": write}.get(sync.on_removed)
        return Operations(write, remove, UserExists(key) if updating and not knows_itself else None)

    def body(self, sync: Sync, project: ProjectType) -> Body:
        first = key_of(sync, project)
        switches = {"preferUserId": "prefer_user_id", "mergeNestedObjects": "merge_nested_objects"}
        flags = {flag: True for flag, option in switches.items() if sync.option(option)}

        def make(row: Row) -> Mapping[str, object]:
            name = NAMES[row.key or first]
            # A row that is known by the other identifier has it among its data as well.
            data = row.data if row.key in ("", first) else {k: v for k, v in row.data.items() if k != name}
            return {name: row.identity, "dataFields": data, **flags}

        return make

    def inspect(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Inspection:
        del project
        found = inspect_user_fields(context, asker)
        if context.sync.options.get("create_new_fields") is not False or not found.new_fields:
            return found
        return replace(found, warnings=(*found.warnings, dropping(found.new_fields)))

    def prepare(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Prepared:
        warnings = check_user_fields(context, asker)
        sync = context.sync
        return Prepared(self.operations(sync, project), self.body(sync, project), warnings=warnings)
