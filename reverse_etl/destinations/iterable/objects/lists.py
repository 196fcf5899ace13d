"""List members: who is on a static list, by POST /api/lists/subscribe and /unsubscribe."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, WithJsonSchema
from pydantic import Field as Key
from pydantic_core import PydanticCustomError

from reverse_etl.change import Change, Outcome, Problem, Status
from reverse_etl.definition.entry import ColumnName, FieldsEntry
from reverse_etl.definition.faults import Place, place_of
from reverse_etl.destinations.bound_object import SyncContext
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.iterable.base import IterableObject, Prepared, ProjectType, Stage
from reverse_etl.destinations.iterable.fields.field_types import check_user_fields, inspect_user_fields
from reverse_etl.destinations.iterable.fields.reserved_names import user_field_faults
from reverse_etl.destinations.iterable.identity import (
    FIRST_RECHECK,
    NAMES,
    Prefer,
    identifier_faults,
    key_of,
    missing_identifier,
    other_identifiers,
    people_of,
    user_rule,
)
from reverse_etl.destinations.iterable.protocol.bulk import MEANING, BulkReader, is_unknown, rejected
from reverse_etl.destinations.iterable.protocol.bulk_failures import Failure, Identifier
from reverse_etl.destinations.iterable.protocol.single import coded_refusal, names_one_user
from reverse_etl.destinations.iterable.resources.list_lookup import Target, find_list, find_or_make_list
from reverse_etl.destinations.operation import BatchResult, Body, Operation, Operations, Row
from reverse_etl.destinations.request import ApiCaller, Endpoint, Reply, Request
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, OnRemoved, PersonColumn, Sync

# The key `list` hides the type of that name in the class of the entry.
FaultList = list[Fault]
# Neither a rate nor a number of rows is documented; others send 1,000 rows a request, and this many a second are the
# safe side.
PER_SECOND = 10
SUBSCRIBE = Endpoint("POST", "/api/lists/subscribe", PER_SECOND)
UNSUBSCRIBE = Endpoint("POST", "/api/lists/unsubscribe", PER_SECOND)
# A subscription can set off a journey, so few are repeated where a run dies.
_WINDOW = 2_000
# What says so comes with status 400 and the code Success, or as the code itself.
_NO_LIST = "error.lists.invalidListId"


def _list(value: object) -> object:
    """{"id": 123} or {"name": "VIP"}."""
    if isinstance(value, dict) and len(value) == 1:
        [(key, said)] = value.items()
        if (key == "id" and type(said) is int and said > 0) or (key == "name" and isinstance(said, str) and said):
            return value
    raise PydanticCustomError("list", "{id: 123} or {name: VIP}")


_SCHEMA = {
    "anyOf": [
        {
            "type": "object",
            "properties": {key: {**kind, "description": f"the {key} of a static list"}},
            "required": [key],
            "additionalProperties": False,
        }
        for key, kind in (("id", {"type": "integer", "minimum": 1}), ("name", {"type": "string", "minLength": 1}))
    ]
}
ListOfIterable = Annotated[Any, BeforeValidator(_list), WithJsonSchema(_SCHEMA)]


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
    OPTIONS: ClassVar[tuple[str, ...]] = ("list", "prefer", *(key for key in JOINING if key != "fields"))
    object: Literal["list_members"]
    mode: Literal["add", "remove", "mirror"] = Key(
        default="add",
        description="add: rows are subscribed; remove: rows are unsubscribed; mirror: the list's members are the rows",
    )
    list: ListOfIterable = Key(description="{id: 123} or {name: VIP}")
    create_list: bool = Key(default=False, description="make a list of that name where there is none")
    email: ColumnName | None = None
    user_id: ColumnName | None = None
    prefer: Prefer = None
    update_existing_users_only: bool = Key(
        default=False, description="user id and hybrid projects: users that Iterable lacks are not made"
    )
    merge_nested_objects: bool = Key(default=False, description="merge objects into stored ones, one level deep")
    allow_dropped_fields: bool = Key(
        default=False, description="accept rows although Iterable dropped some of their fields"
    )

    def mapped(self) -> tuple[Field, ...]:
        """Membership alone, unless fields are named."""
        return super().mapped() or ()

    def scope(self) -> Mapping[str, str]:
        """What was put on a list says nothing of what is to be taken off it."""
        [(key, said)] = self.list.items()
        action = "unsubscribe" if self.mode == "remove" else "subscribe"
        return {"list" if key == "name" else "list_id": str(said), "action": action}

    def removal(self) -> OnRemoved:
        return "remove" if self.mode == "mirror" else "ignore"

    def faults(self, place: Place) -> FaultList:
        faults = [] if self.identifiers() else [missing_identifier(place)]
        if self.create_list and "name" not in self.list:
            said = "a list can be made by name alone: Iterable gives the id"
            faults.append(place.fault("contradictory-keys", said, key="create_list", allowed="`list: {name: …}`"))
        useless = [key for key in self.JOINING if self.mode == "remove" and getattr(self, key)]
        return faults + [
            place.fault("contradictory-keys", f"`mode: remove` subscribes nobody, so `{key}` has no meaning", key=key)
            for key in useless
        ]


@dataclass(frozen=True)
class ListOperation(Operation):
    """Change who is on a list, many at once. `just_created`: the list was just made."""

    list_id: int
    key: str
    just_created: bool = False
    overhead: int = 120
    window: int = _WINDOW

    def build(self, changes: Sequence[Change]) -> Request:
        rows = b",".join([change.body for change in changes])
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
        """What the request says beside list and rows: JSON members, each after a comma."""


@dataclass(frozen=True)
class Subscribe(ListOperation):
    """Put users on the list; those whom Iterable lacks are made, unless `existing_only`."""

    existing_only: bool = False
    allow_dropped_fields: bool = False
    endpoint: Endpoint = SUBSCRIBE

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        return BulkReader(self._fate, self.allow_dropped_fields).read(changes, reply)

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return coded_refusal(change, reply, one_user=names_one_user(change))

    def _switch(self) -> bytes:
        return b',"updateExistingUsersOnly":true' if self.existing_only else b""

    def _fate(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        if is_unknown(self.key, change, named, failure):
            return Outcome(change.ordinal, Status.SKIPPED, *MEANING["notFound"])
        return rejected(change, named, failure, self.key)


@dataclass(frozen=True)
class Unsubscribe(ListOperation):
    """Take users off the list; who is unknown or forgotten is as good as off it."""

    endpoint: Endpoint = UNSUBSCRIBE
    effect: str = "they are taken off the list in Iterable"

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        return BulkReader(self._fate).read(changes, reply)

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        outcome = coded_refusal(change, reply)
        gone = outcome is not None and outcome.code in ("forgotten-user", MEANING["notFound"][0])
        return Outcome(change.ordinal, Status.ACCEPTED) if gone else outcome

    def _switch(self) -> bytes:
        """Off this list and nothing else: sources differ on what Iterable takes where this is not said."""
        return b',"channelUnsubscribe":false'

    def _fate(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        if failure.reason == "forgotten" or is_unknown(self.key, change, named, failure):
            return Outcome(change.ordinal, Status.ACCEPTED)
        return rejected(change, named, failure, self.key)


class ListMembers(IterableObject):
    """Members of static lists."""

    name = "list_members"
    entry = ListMembersEntry
    stage = Stage.MEMBERSHIPS
    first_recheck = FIRST_RECHECK

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        place, faults = place_of(sync), identifier_faults(sync, project)
        if project is ProjectType.EMAIL and sync.option("update_existing_users_only"):
            said = (
                "an e-mail project makes users that it lacks all the same, so `update_existing_users_only` cannot hold"
            )
            allowed = "to leave it out, and a model that holds none but users whom Iterable has"
            faults.append(place.fault("wrong-project-type", said, key="update_existing_users_only", allowed=allowed))
        return [*faults, *user_field_faults(sync, place)]

    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        return user_rule(sync, project)

    def extra_fields(self, sync: Sync, project: ProjectType) -> tuple[Field, ...]:
        return (*sync.own, *other_identifiers(sync, project))

    def people(self, sync: Sync, project: ProjectType) -> tuple[PersonColumn, ...]:
        return people_of(self.identity(sync, project), other_identifiers(sync, project))

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        return _operations(sync, project, Target(sync.options["list"].get("id", 0)))

    def body(self, sync: Sync, project: ProjectType) -> Body:
        first = key_of(sync, project)
        flags = {"mergeNestedObjects": True} if sync.option("merge_nested_objects") else {}
        fields = [item for item in sync.fields or () if not item.own]

        def make(row: Row) -> Mapping[str, object]:
            who: dict[str, object] = {NAMES[row.key or first]: row.identity}
            return who if row.removed or not fields else {**who, "dataFields": row.data, **flags}

        return make

    def inspect(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Inspection:
        del project
        found = inspect_user_fields(context, asker) if context.fields else Inspection()
        if find_list(context.sync, asker) is not None:
            return found
        made = f"Iterable has no list `{context.sync.options['list']['name']}` yet; the first run makes it"
        return replace(found, notes=(made,))

    def prepare(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Prepared:
        sync = context.sync
        warnings = check_user_fields(context, asker)
        target = find_or_make_list(sync, asker, context.remembered)
        operations, body = _operations(sync, project, target), self.body(sync, project)
        return Prepared(operations, body, place={"list_id": str(target.id)}, warnings=warnings)


def _operations(sync: Sync, project: ProjectType, target: Target) -> Operations:
    key = key_of(sync, project)
    leave = Unsubscribe(target.id, key, target.fresh)
    if sync.mode == "remove":
        return Operations(leave)
    only, dropped = sync.option("update_existing_users_only"), sync.option("allow_dropped_fields")
    join = Subscribe(target.id, key, target.fresh, existing_only=only, allow_dropped_fields=dropped)
    return Operations(join, leave if sync.on_removed == "remove" else None)


def _lacks_list(reply: Reply) -> bool:
    """Whether a reply says that there is no such list."""
    body = reply.body if isinstance(reply.body, dict) else {}
    return reply.status >= 400 and any(_NO_LIST in str(body.get(name)) for name in ("msg", "code", "message"))
