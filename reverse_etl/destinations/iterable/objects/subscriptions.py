"""Subscriptions: lists, channels and message types of users, by POST /api/users/bulkUpdateSubscriptions.

Every array that is sent replaces the stored one (Swagger, UpdateSubscriptionsRequest).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.change import Change, Outcome, Problem, Status
from reverse_etl.change_block import join_bodies
from reverse_etl.definition.entry import ColumnName, RowSource
from reverse_etl.definition.faults import EntryLocation, shorten
from reverse_etl.definition.send_key import ChangedFieldsEntry
from reverse_etl.destinations.bound_object import BoundObject, SyncContext
from reverse_etl.destinations.column_body import ColumnBody, ColumnMembers, RowColumns, require_any
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, SyncOrder
from reverse_etl.destinations.iterable.identity import (
    JSON_NAMES,
    Identifiers,
    Prefer,
    missing_identifier,
    person_columns,
)
from reverse_etl.destinations.iterable.protocol.bulk import BulkReader, rejected
from reverse_etl.destinations.iterable.protocol.bulk_failures import Failure, Identifier, failures_in, identifier, texts
from reverse_etl.destinations.iterable.protocol.single import coded_refusal
from reverse_etl.destinations.iterable.resources.journeys import NEW_USER, SUBSCRIPTION_UPDATE
from reverse_etl.destinations.iterable.resources.named_resources import (
    CHANNELS,
    LISTS,
    MESSAGE_TYPES,
    STATIC,
    NamedResource,
    Register,
    list_resources,
    read_resources,
)
from reverse_etl.destinations.iterable.resources.resource_ids import ReferenceReader, parse_references
from reverse_etl.destinations.iterable.resources.stored_users import StoredSubscriptions
from reverse_etl.destinations.operation import NOTHING_TO_SEND, BatchResult, Operation, Operations, Row, UnfitRow
from reverse_etl.destinations.request import ApiCaller, Endpoint, Reply, Request
from reverse_etl.errors import DestinationError, Fault
from reverse_etl.sync import Field

# Neither a rate nor a size nor a number of rows is documented: these are safe choices.
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
# Swagger only has `emailListIds`. If profiles hold their lists as `userListIds` (support article 9216719179796),
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


class SubscriptionsEntry(ChangedFieldsEntry):
    """What users are subscribed to."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("email", "user_id")
    object: Literal["subscriptions"]
    mode: Literal["upsert"] = "upsert"
    email: ColumnName | None = None
    user_id: ColumnName | None = None
    prefer: Prefer = None
    list_ids: RowSource = Key(default=None, description="all static lists of the user, by id or name")
    unsubscribed_channels: RowSource = Key(default=None, description="all channels the user left, by id or name")
    unsubscribed_message_types: RowSource = Key(
        default=None, description="all message types the user left, by id or name"
    )
    subscribed_message_types: RowSource = Key(
        default=None, description="all opt-in message types the user subscribed to, by id or name"
    )

    def key_fields(self) -> tuple[Field, ...]:
        """Return what keys take from a row. A NULL is not sent, so Iterable keeps what it has."""
        return tuple(replace(field, nulls="skip") for field in super().key_fields())

    def faults(self, location: EntryLocation) -> list[Fault]:
        faults = [] if self.identifiers() else [missing_identifier(location)]
        if not self.key_fields():
            message = "no key names a list, channel or message type"
            faults.append(location.fault("missing-key", message, allowed=f"one or more of {', '.join(REGISTERS)}"))
        constants = [field for field in self.key_fields() if field.column is None]
        return faults + [
            location.fault(
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
        parse_references(constant)
    except ValueError:
        return False
    return True


def bind(entry: SubscriptionsEntry, project: ProjectType) -> BoundObject:
    """Return how users are identified and subscribed. Before Iterable was asked, values can only be ids."""
    identifiers = Identifiers.of(entry, project)
    identity, others, keys = identifiers.rule(), identifiers.other_fields(), entry.key_fields()
    readers = [ReferenceReader(field.path, REGISTERS[field.path]) for field in keys]
    opts_in = any(field.path == _OPTED_IN for field in keys)
    return BoundObject(
        identity=identity,
        operations=Operations(UpdateSubscriptions(identifiers.key, opts_in)),
        body=partial(_body, identifiers, readers),
        fields=(*keys, *others),
        by_column=_by_column(project, readers),
        people=person_columns(identity, others),
        check=identifiers.check,
        inspect=partial(_inspect, entry),
        connector=partial(_connect, entry, identifiers),
        journey_events=(SUBSCRIPTION_UPDATE, NEW_USER),
        open_stored_rows=partial(_open_stored_rows, entry, project),
    )


def _body(identifiers: Identifiers, keys: Sequence[ReferenceReader], row: Row) -> Mapping[str, object]:
    arrays: dict[str, list[int]] = {}
    for ids in keys:
        if row.key_values.get(ids.key) is not None:
            arrays |= dict.fromkeys(_members_of(ids.key, identifiers.project), ids.of(row.key_values[ids.key]))
    if not arrays:
        reason = "all of its subscriptions are NULL, which changes nothing"
        raise UnfitRow(NOTHING_TO_SEND, reason, Status.SKIPPED)
    return {**identifiers.user_of(row), **arrays}


def _by_column(project: ProjectType, keys: Sequence[ReferenceReader]) -> ColumnBody:
    return ColumnBody(partial(_columns, project, keys))


def _columns(project: ProjectType, keys: Sequence[ReferenceReader], rows: RowColumns) -> ColumnMembers:
    from reverse_etl.destinations.iterable.fields.scalar_columns import convert_each  # imports `pyarrow`

    there = [ids for ids in keys if ids.key in rows.key_values]
    arrays = [convert_each(rows.key_values[ids.key], ids.of) for ids in there]
    body: dict[str, object] = {JSON_NAMES[rows.key]: require_any(rows.identity, arrays)}
    for ids, array in zip(there, arrays, strict=True):
        body |= dict.fromkeys(_members_of(ids.key, project), array)
    return body


def _members_of(key: str, project: ProjectType) -> tuple[str, ...]:
    """Return the members of a request that a key of the definition becomes."""
    return _LIST_MEMBERS[project] if key == _LISTS else (_MEMBERS[key],)


def _open_stored_rows(entry: SubscriptionsEntry, project: ProjectType, *_connection: object) -> StoredSubscriptions:
    names = [name for field in entry.key_fields() for name in _members_of(field.path, project)]
    return StoredSubscriptions(names)


def _inspect(entry: SubscriptionsEntry, context: SyncContext, caller: ApiCaller) -> Inspection:
    _find_ids(entry, context.sync.name, caller)
    return Inspection()


def _connect(
    entry: SubscriptionsEntry, identifiers: Identifiers, bound: BoundObject, context: SyncContext, caller: ApiCaller
) -> BoundObject:
    readers = _find_ids(entry, context.sync.name, caller)
    return replace(bound, body=partial(_body, identifiers, readers), by_column=_by_column(identifiers.project, readers))


def _find_ids(entry: SubscriptionsEntry, sync: str, caller: ApiCaller) -> list[ReferenceReader]:
    """Return the ids that each key of the definition can name. Constants are checked first. Raises DestinationError."""
    registers = dict.fromkeys(REGISTERS[field.path] for field in entry.key_fields())
    resources = {register: _subscribable(read_resources(register, caller)) for register in registers}
    keys = []
    for field in entry.key_fields():
        register = REGISTERS[field.path]
        keys.append(ReferenceReader(field.path, register, resources[register]))
        if field.column is None:
            _check_constant(sync, field, keys[-1], resources[register])
    return keys


def _subscribable(resources: Sequence[NamedResource]) -> list[NamedResource]:
    """Return the lists that users can be subscribed to; everything else unchanged."""
    return [resource for resource in resources if resource.kind in STATIC]


def _check_constant(sync: str, field: Field, ids: ReferenceReader, resources: Sequence[NamedResource]) -> None:
    try:
        ids.of(field.constant)
    except UnfitRow as unfit:
        raise DestinationError(
            unfit.code,
            f"sync `{sync}`: {unfit.reason}",
            context={"found": shorten(field.constant), "in Iterable": list_resources(resources)},
            hint=f"Correct `{field.path}` in the definition.",
        ) from None


@dataclass(frozen=True)
class UpdateSubscriptions(Operation):
    """Replaces what many users are subscribed to. `opts_in`: the rows hold opt-in message types."""

    key: str
    opts_in: bool = False
    endpoint: Endpoint = BULK_UPDATE
    overhead: int = 60
    window: int = _WINDOW

    def build(self, changes: Sequence[Change]) -> Request:
        rows = join_bodies(changes)
        return Request(self.endpoint, self.endpoint.path, b'{"updateSubscriptionsRequests":[' + rows + b"]}")

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        return BulkReader(self._outcome, failures=_failures).read(changes, reply)

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return coded_refusal(change, reply, one_user=True)

    def _outcome(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        if failure.reason != _INSIDE:
            return rejected(change, named, failure, self.key)
        said = "Iterable failed on the row without a reason, and may accept it the next time"
        said += f"; the project may not have opt-in message types, which `{_OPTED_IN}` needs" if self.opts_in else ""
        return Outcome(change.ordinal, Status.FAILED, "failed-inside", said, maybe_applied=True, rows=1, alone=True)

    def find_fatal_problem(self, reply: Reply) -> Problem | None:
        message = str(reply.body.get("msg")) if isinstance(reply.body, dict) else reply.text
        if not (self.opts_in and reply.status == 400 and _NEEDS_OPT_IN.search(message)):
            return None
        return Problem(
            "opt-in-not-enabled",
            "Iterable accepts no subscribed message types, because this project has no opt-in message types",
            f"Ask Iterable to enable opt-in message types, or leave `{_OPTED_IN}` out of the definition.",
            {"status": reply.status, "code": reply.code or "none", "request": reply.request_id or "unnamed"},
        )


def _failures(body: Mapping[str, object]) -> Mapping[Identifier, Failure]:
    """Return what a reply names. The arrays of malformed identifiers have the names of other bulk replies."""
    inside = {
        identifier(kind, value): Failure(_INSIDE, deprecated=False)
        for kind, array in _FAILED_INSIDE.items()
        for value in texts(body.get(array))
    }
    return {**inside, **failures_in(body)}


SUBSCRIPTIONS = IterableObject(SubscriptionsEntry, SyncOrder.MEMBERSHIPS, bind)
