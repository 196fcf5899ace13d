"""Subscriptions: lists, channels and message types of users, by POST /api/users/bulkUpdateSubscriptions.

Every array that is sent replaces the stored one (Swagger, UpdateSubscriptionsRequest).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.change import Change, Outcome, Problem, Status
from reverse_etl.definition.entry import ColumnName, Entry, Source
from reverse_etl.definition.faults import Place, short
from reverse_etl.destinations.bound_object import SyncContext
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.iterable.base import IterableObject, Prepared, ProjectType, Stage
from reverse_etl.destinations.iterable.identity import (
    NAMES,
    Prefer,
    identifier_faults,
    key_of,
    missing_identifier,
    other_identifiers,
    people_of,
    user_rule,
)
from reverse_etl.destinations.iterable.protocol.bulk import BulkReader, rejected
from reverse_etl.destinations.iterable.protocol.bulk_failures import Failure, Identifier, failures_in, identifier, texts
from reverse_etl.destinations.iterable.protocol.single import coded_refusal
from reverse_etl.destinations.iterable.resources.named_resources import (
    CHANNELS,
    LISTS,
    MESSAGE_TYPES,
    STATIC,
    Named,
    Register,
    shown,
    told,
)
from reverse_etl.destinations.iterable.resources.resource_ids import Ids, parsed
from reverse_etl.destinations.operation import BatchResult, Body, Operation, Operations, Row, UnfitRow
from reverse_etl.destinations.request import ApiCaller, Endpoint, Reply, Request
from reverse_etl.errors import DestinationError, Fault
from reverse_etl.sync import Field, IdentityRule, PersonColumn, Sync

# Neither a rate nor a size nor a number of rows is documented: these are the safe side.
BULK_UPDATE = Endpoint("POST", "/api/users/bulkUpdateSubscriptions", 10)
_WINDOW = 2_000
_LISTS, _OPTED_IN = "list_ids", "subscribed_message_types"

# What the keys of a definition name, and the members of a request that they become.
REGISTERS: Mapping[str, Register] = {
    _LISTS: LISTS,
    "unsubscribed_channels": CHANNELS,
    "unsubscribed_message_types": MESSAGE_TYPES,
    _OPTED_IN: MESSAGE_TYPES,
}
_MEMBERS: Mapping[str, str] = {
    "unsubscribed_channels": "unsubscribedChannelIds",
    "unsubscribed_message_types": "unsubscribedMessageTypeIds",
    _OPTED_IN: "subscribedMessageTypeIds",
}
# Swagger knows `emailListIds` alone. Where profiles hold their lists as `userListIds` (support article 9216719179796)
# a client in production sends that name, and an array that was ignored would be lost without a word: both are sent.
_LIST_MEMBERS: Mapping[ProjectType, tuple[str, ...]] = {
    ProjectType.EMAIL: ("emailListIds",),
    ProjectType.USER_ID: ("emailListIds", "userListIds"),
    ProjectType.HYBRID: ("emailListIds", "userListIds"),
}
# That the feature must be on is documented, the words of the refusal are not.
_NEEDS_OPT_IN = re.compile(r"\bopt[ -]?in\b", re.IGNORECASE)
# Arrays of well-formed identifiers that failed inside Iterable: the only ones that other bulk replies lack.
_FAILED_INSIDE = {"Emails": "validEmailFailures", "UserIds": "validUserIdFailures"}
_INSIDE = "inside"


class SubscriptionsEntry(Entry):
    """What users are subscribed to."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("email", "user_id")
    OPTIONS: ClassVar[tuple[str, ...]] = ("prefer",)
    object: Literal["subscriptions"]
    mode: Literal["upsert"] = "upsert"
    email: ColumnName | None = None
    user_id: ColumnName | None = None
    prefer: Prefer = None
    list_ids: Source = Key(default=None, description="all static lists of the user, by id or name")
    unsubscribed_channels: Source = Key(default=None, description="all channels the user left, by id or name")
    unsubscribed_message_types: Source = Key(default=None, description="all message types the user left, by id or name")
    subscribed_message_types: Source = Key(
        default=None, description="all opt-in message types the user takes, by id or name"
    )

    def own(self) -> tuple[Field, ...]:
        """A NULL says nothing, so it leaves what Iterable has."""
        return tuple(replace(field, nulls="skip") for field in super().own())

    def faults(self, place: Place) -> list[Fault]:
        faults = [] if self.identifiers() else [missing_identifier(place)]
        if not self.own():
            said = "nothing says what users are subscribed to"
            faults.append(place.fault("missing-key", said, allowed=f"one or more of {', '.join(REGISTERS)}"))
        constants = [field for field in self.own() if field.column is None]
        return faults + [
            place.fault(
                "wrong-value",
                f"`{field.path}`: expected ids or names",
                key=field.path,
                found=field.constant,
                allowed="{value: [12, Newsletter]}",
            )
            for field in constants
            if not _is_readable(field.constant)
        ]


def _is_readable(constant: object) -> bool:
    try:
        parsed(constant)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class UpdateSubscriptions(Operation):
    """Replace what users are subscribed to, many at once. `opts_in`: the rows hold opt-in message types."""

    key: str
    opts_in: bool = False
    endpoint: Endpoint = BULK_UPDATE
    overhead: int = 60
    window: int = _WINDOW

    def build(self, changes: Sequence[Change]) -> Request:
        rows = b",".join([change.body for change in changes])
        return Request(self.endpoint, self.endpoint.path, b'{"updateSubscriptionsRequests":[' + rows + b"]}")

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        return BulkReader(self._fate, failures=_failures).read(changes, reply)

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return coded_refusal(change, reply, one_user=True)

    def _fate(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        if failure.reason != _INSIDE:
            return rejected(change, named, failure, self.key)
        said = "Iterable failed on the row without a reason, and may take it the next time"
        said += f"; it may lack opt-in message types, which `{_OPTED_IN}` needs" if self.opts_in else ""
        return Outcome(change.ordinal, Status.FAILED, "failed-inside", said, maybe_applied=True, rows=1, alone=True)

    def find_fatal_problem(self, reply: Reply) -> Problem | None:
        message = str(reply.body.get("msg")) if isinstance(reply.body, dict) else reply.text
        if not (self.opts_in and reply.status == 400 and _NEEDS_OPT_IN.search(message)):
            return None
        return Problem(
            "opt-in-not-enabled",
            "Iterable takes no subscribed message types, since this project has no opt-in message types",
            f"Have Iterable switch opt-in message types on, or leave `{_OPTED_IN}` out of the definition.",
            {"status": reply.status, "code": reply.code or "none", "request": reply.request_id or "unnamed"},
        )


class Subscriptions(IterableObject):
    """Subscriptions of users."""

    name = "subscriptions"
    entry = SubscriptionsEntry
    stage = Stage.MEMBERSHIPS

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        return identifier_faults(sync, project)

    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        return user_rule(sync, project)

    def extra_fields(self, sync: Sync, project: ProjectType) -> tuple[Field, ...]:
        return (*sync.own, *other_identifiers(sync, project))

    def people(self, sync: Sync, project: ProjectType) -> tuple[PersonColumn, ...]:
        return people_of(self.identity(sync, project), other_identifiers(sync, project))

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        opts_in = any(field.path == _OPTED_IN for field in sync.own)
        return Operations(UpdateSubscriptions(key_of(sync, project), opts_in))

    def body(self, sync: Sync, project: ProjectType) -> Body:
        return _body(sync, project, [Ids(field.path, REGISTERS[field.path]) for field in sync.own])

    def inspect(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Inspection:
        del project
        _known_ids(context.sync, asker)
        return Inspection()

    def prepare(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Prepared:
        sync = context.sync
        return Prepared(self.operations(sync, project), _body(sync, project, _known_ids(sync, asker)))


def _body(sync: Sync, project: ProjectType, ids: Sequence[Ids]) -> Body:
    first = key_of(sync, project)
    members = {_LISTS: _LIST_MEMBERS[project], **{key: (member,) for key, member in _MEMBERS.items()}}

    def make(row: Row) -> Mapping[str, object]:
        arrays: dict[str, list[int]] = {}
        for one in ids:
            if row.own.get(one.key) is not None:
                arrays |= dict.fromkeys(members[one.key], one.of(row.own[one.key]))
        if not arrays:
            raise UnfitRow(
                "nothing-to-send", "all of its subscriptions are NULL, which changes nothing", Status.SKIPPED
            )
        return {NAMES[row.key or first]: row.identity, **arrays}

    return make


def _known_ids(sync: Sync, asker: ApiCaller) -> list[Ids]:
    """What the keys of the definition can name; its constants are looked at first. Raises DestinationError."""
    registers = dict.fromkeys(REGISTERS[field.path] for field in sync.own)
    things = {register: _usable(told(register, asker)) for register in registers}
    found = []
    for field in sync.own:
        register = REGISTERS[field.path]
        found.append(Ids(field.path, register, things[register]))
        if field.column is None:
            _try_constant(sync, field, found[-1], things[register])
    return found


def _usable(things: Sequence[Named]) -> list[Named]:
    """Of lists, those that can be subscribed to."""
    return [thing for thing in things if thing.kind in STATIC]


def _try_constant(sync: Sync, field: Field, ids: Ids, things: Sequence[Named]) -> None:
    try:
        ids.of(field.constant)
    except UnfitRow as unfit:
        raise DestinationError(
            unfit.code,
            f"sync `{sync.name}`: {unfit.reason}",
            context={"found": short(field.constant), "in Iterable": shown(things)},
            hint=f"Correct `{field.path}` in the definition.",
        ) from None


def _failures(body: Mapping[str, object]) -> Mapping[Identifier, Failure]:
    """What a reply names; the arrays of malformed identifiers are called as in other bulk replies."""
    inside = {
        identifier(kind, value): Failure(_INSIDE, deprecated=False)
        for kind, array in _FAILED_INSIDE.items()
        for value in texts(body.get(array))
    }
    return {**inside, **failures_in(body)}
