"""List members: who is on a static list, by POST /api/lists/subscribe and /unsubscribe."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.change import Change, Outcome, Problem, Status
from reverse_etl.change_block import join_bodies
from reverse_etl.definition.entry import ColumnName, FieldsEntry
from reverse_etl.definition.faults import EntryLocation, location_of
from reverse_etl.destinations.bound_object import BoundObject, SyncContext
from reverse_etl.destinations.column_body import ColumnBody, ColumnMembers, RowColumns
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, SyncOrder
from reverse_etl.destinations.iterable.fields.field_types import check_user_fields, inspect_user_fields
from reverse_etl.destinations.iterable.fields.reserved_names import find_reserved_user_fields
from reverse_etl.destinations.iterable.identity import (
    JSON_NAMES,
    Identifiers,
    Prefer,
    missing_identifier,
    person_columns,
)
from reverse_etl.destinations.iterable.objects.list_reference import ListOfIterable
from reverse_etl.destinations.iterable.protocol.bulk import MEANING, BulkReader, is_unknown, rejected
from reverse_etl.destinations.iterable.protocol.bulk_failures import Failure, Identifier
from reverse_etl.destinations.iterable.protocol.single import coded_refusal, names_one_user
from reverse_etl.destinations.iterable.resources.journeys import LIST_ADD, LIST_REMOVAL, NEW_USER
from reverse_etl.destinations.iterable.resources.list_lookup import FoundList, ListSearch
from reverse_etl.destinations.iterable.resources.stored_members import StoredMembers, find_member_kinds
from reverse_etl.destinations.iterable.resources.stored_users import compare_users
from reverse_etl.destinations.iterable.resources.user_lookup import FIRST_RECHECK
from reverse_etl.destinations.journeys import JourneyEvent
from reverse_etl.destinations.operation import BatchResult, Operation, Operations, Row
from reverse_etl.destinations.request import ApiCaller, Endpoint, Reply, Request
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, OnRemoved, Sync

# The key `list` hides the type of that name in the class of the entry.
FaultList = list[Fault]
# Neither a rate nor a number of rows is documented; others send 1,000 rows a request, and this many a second are
# a safe choice.
PER_SECOND = 10
SUBSCRIBE = Endpoint("POST", "/api/lists/subscribe", PER_SECOND)
UNSUBSCRIBE = Endpoint("POST", "/api/lists/unsubscribe", PER_SECOND)
# A subscription can start a journey, so only few are repeated if a run crashes.
_WINDOW = 2_000
# What says so comes with status 400 and the code Success, or as the code itself.
_NO_LIST = "error.lists.invalidListId"


class ListMembersEntry(FieldsEntry):
    """Users of a static list."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("email", "user_id")
    # What concerns subscribing, and nothing else.
    JOINING: ClassVar[tuple[str, ...]] = (
        "create_list",
        "update_existing_users_only",
        "fields",
        "merge_nested_objects",
        "allow_dropped_fields",
    )
    object: Literal["list_members"]
    mode: Literal["add", "remove", "mirror"] = Key(
        default="add",
        description="add: rows are subscribed; remove: rows are unsubscribed; mirror: the list's members are the rows",
    )
    list: ListOfIterable = Key(description="{id: 123} or {name: VIP}")
    create_list: bool = Key(default=False, description="create a list of that name if there is none")
    email: ColumnName | None = None
    user_id: ColumnName | None = None
    prefer: Prefer = None
    update_existing_users_only: bool = Key(
        default=False, description="user id and hybrid projects: users that Iterable does not have are not created"
    )
    merge_nested_objects: bool = Key(default=False, description="merge objects into stored ones, one level deep")
    allow_dropped_fields: bool = Key(
        default=False, description="accept rows although Iterable dropped some of their fields"
    )

    def mapped_fields(self) -> tuple[Field, ...]:
        """Return only membership, unless fields are named."""
        return super().mapped_fields() or ()

    def scope(self) -> Mapping[str, str]:
        """Return the list and the action: rows put on a list say nothing about rows to take off it."""
        action = "unsubscribe" if self.mode == "remove" else "subscribe"
        which = {"list": self.list.name} if self.list.name else {"list_id": str(self.list.id)}
        return {**which, "action": action}

    def creates_scope(self) -> bool:
        return self.create_list

    def removal_action(self) -> OnRemoved:
        return "remove" if self.mode == "mirror" else "ignore"

    def faults(self, location: EntryLocation) -> FaultList:
        faults = [] if self.identifiers() else [missing_identifier(location)]
        if self.create_list and not self.list.name:
            said = "a list can only be created by its name: Iterable assigns the id"
            faults.append(location.fault("contradictory-keys", said, key="create_list", allowed="`list: {name: …}`"))
        useless = [key for key in self.JOINING if self.mode == "remove" and getattr(self, key)]
        return faults + [
            location.fault(
                "contradictory-keys", f"`mode: remove` subscribes no one, so `{key}` has no meaning", key=key
            )
            for key in useless
        ]


def bind(entry: ListMembersEntry, project: ProjectType) -> BoundObject:
    """Return how members are identified and sent. The list's own id is known once Iterable was asked."""
    identifiers = Identifiers.of(entry, project)
    identity, others = identifiers.rule(), identifiers.other_fields()
    return BoundObject(
        identity=identity,
        operations=_operations(entry, identifiers.key, FoundList(entry.list.id)),
        body=partial(_body, entry, identifiers),
        fields=(*entry.key_fields(), *others),
        by_column=ColumnBody(partial(_columns, entry)),
        people=person_columns(identity, others),
        first_recheck=FIRST_RECHECK,
        check=partial(_check, entry, identifiers),
        inspect=partial(_inspect, entry),
        connector=partial(_connect, entry, identifiers.key),
        journey_events=_journey_events(entry),
        open_stored_rows=partial(_open_stored_rows, entry, identifiers),
    )


def _journey_events(entry: ListMembersEntry) -> tuple[JourneyEvent, ...]:
    if entry.mode == "remove":
        return (LIST_REMOVAL,)
    created = () if entry.update_existing_users_only else (NEW_USER,)
    removed = (replace(LIST_REMOVAL, rows="removed"),) if entry.mode == "mirror" else ()
    return (LIST_ADD, *created, *removed)


def _check(entry: ListMembersEntry, identifiers: Identifiers, sync: Sync) -> FaultList:
    location, faults = location_of(sync), identifiers.check(sync)
    if identifiers.project is ProjectType.EMAIL and entry.update_existing_users_only:
        message = "an e-mail project creates missing users anyway, so `update_existing_users_only` has no effect"
        allowed = "to leave it out, and a model that holds only users that Iterable has"
        faults.append(location.fault("wrong-project-type", message, key="update_existing_users_only", allowed=allowed))
    return [*faults, *find_reserved_user_fields(sync, location)]


def _body(entry: ListMembersEntry, identifiers: Identifiers, row: Row) -> Mapping[str, object]:
    body = identifiers.user_of(row)
    if entry.fields and not row.removed:
        body["dataFields"] = row.data
        if entry.merge_nested_objects:
            body["mergeNestedObjects"] = True
    return body


def _columns(entry: ListMembersEntry, rows: RowColumns) -> ColumnMembers:
    body: dict[str, object] = {JSON_NAMES[rows.key]: rows.identity}
    if entry.fields:
        body["dataFields"] = rows.build_data()
        if entry.merge_nested_objects:
            body["mergeNestedObjects"] = True
    return body


def _operations(entry: ListMembersEntry, key: str, target: FoundList) -> Operations:
    leave = Unsubscribe(target.id, key, target.just_created)
    if entry.mode == "remove":
        return Operations(leave)
    join = Subscribe(
        target.id,
        key,
        target.just_created,
        existing_only=entry.update_existing_users_only,
        allow_dropped_fields=entry.allow_dropped_fields,
    )
    return Operations(join, leave if entry.mode == "mirror" else None)


def _open_stored_rows(
    entry: ListMembersEntry, identifiers: Identifiers, bound: BoundObject, context: SyncContext, caller: ApiCaller
) -> StoredMembers:
    kinds = find_member_kinds(context.sync, identifiers)
    comparison = compare_users(context, caller, merges=entry.merge_nested_objects) if entry.fields else None
    return StoredMembers(int(bound.resource_ids["list_id"]), kinds, entry.mode == "remove", comparison)


def _inspect(entry: ListMembersEntry, context: SyncContext, caller: ApiCaller) -> Inspection:
    inspection = inspect_user_fields(context, caller) if context.fields else Inspection()
    if ListSearch(entry.list, entry.create_list, context.sync.name, caller).find() is not None:
        return inspection
    note = f"Iterable has no list `{entry.list.name}` yet; the first run creates it"
    return replace(inspection, notes=(note,))


def _connect(
    entry: ListMembersEntry, key: str, bound: BoundObject, context: SyncContext, caller: ApiCaller
) -> BoundObject:
    warnings = check_user_fields(context, caller)
    search = ListSearch(entry.list, entry.create_list, context.sync.name, caller)
    target = search.find_or_create(context.remembered)
    operations, ids = _operations(entry, key, target), {"list_id": str(target.id)}
    return replace(bound, operations=operations, resource_ids=ids, warnings=warnings)


@dataclass(frozen=True)
class ListOperation(Operation):
    """Change who is on a list, many at once. `just_created`: the list was just made."""

    list_id: int
    key: str
    just_created: bool = False
    overhead: int = 120
    window: int = _WINDOW

    def build(self, changes: Sequence[Change]) -> Request:
        rows = join_bodies(changes)
        body = b'{"listId":%d,"subscribers":[%b]%b}' % (self.list_id, rows, self._switch())
        return Request(self.endpoint, self.endpoint.path, body)

    def find_fatal_problem(self, reply: Reply) -> Problem | None:
        if not _lacks_list(reply):
            return None
        return Problem(
            "unknown-list",
            f"Iterable does not know the list {self.list_id} {'yet' if self.just_created else 'any more'}",
            "Run again in some minutes. If the list was deleted, give the definition another `name`."
            if self.just_created
            else "See in Iterable whether it was deleted; for another list give the definition another `name` as well.",
            {"list id": self.list_id, "status": reply.status, "request": reply.request_id or "unnamed"},
        )

    @abstractmethod
    def _switch(self) -> bytes:
        """Return the other JSON members of the request, each after a comma."""


@dataclass(frozen=True)
class Subscribe(ListOperation):
    """Puts users on the list. Users that Iterable does not have are created, unless `existing_only`."""

    existing_only: bool = False
    allow_dropped_fields: bool = False
    endpoint: Endpoint = SUBSCRIBE

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        return BulkReader(self._outcome, self.allow_dropped_fields).read(changes, reply)

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return coded_refusal(change, reply, one_user=names_one_user(change))

    def _switch(self) -> bytes:
        return b',"updateExistingUsersOnly":true' if self.existing_only else b""

    def _outcome(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        if is_unknown(self.key, change, named, failure):
            return Outcome(change.ordinal, Status.SKIPPED, *MEANING["notFound"])
        return rejected(change, named, failure, self.key)


@dataclass(frozen=True)
class Unsubscribe(ListOperation):
    """Takes users off the list. An unknown or forgotten user counts as taken off."""

    endpoint: Endpoint = UNSUBSCRIBE
    effect: str = "they are taken off the list in Iterable"

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        return BulkReader(self._outcome).read(changes, reply)

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        outcome = coded_refusal(change, reply)
        gone = outcome is not None and outcome.code in ("forgotten-user", MEANING["notFound"][0])
        return Outcome(change.ordinal, Status.ACCEPTED) if gone else outcome

    def _switch(self) -> bytes:
        """Return the switch for only this list, because sources differ on Iterable's default."""
        return b',"channelUnsubscribe":false'

    def _outcome(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        if failure.reason == "forgotten" or is_unknown(self.key, change, named, failure):
            return Outcome(change.ordinal, Status.ACCEPTED)
        return rejected(change, named, failure, self.key)


def _lacks_list(reply: Reply) -> bool:
    """Return whether a reply says that there is no such list."""
    body = reply.body if isinstance(reply.body, dict) else {}
    return reply.status >= 400 and any(_NO_LIST in str(body.get(name)) for name in ("msg", "code", "message"))


LIST_MEMBERS = IterableObject(ListMembersEntry, SyncOrder.MEMBERSHIPS, bind)
