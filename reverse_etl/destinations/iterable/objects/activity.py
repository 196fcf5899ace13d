"""What events and purchases share: their user, their time, and the id that they are sent with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import orjson
from pydantic import Field as Key

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.definition.entry import ColumnName, FieldsEntry, RowSource
from reverse_etl.definition.faults import EntryLocation, location_of
from reverse_etl.destinations.bound_object import BoundObject, SyncContext
from reverse_etl.destinations.column_body import JsonColumn, RowColumns, require_value
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.field_types import inspect_without_types
from reverse_etl.destinations.iterable.fields.reserved_names import EVENT_FIELDS, find_reserved_fields
from reverse_etl.destinations.iterable.fields.scalars import AS_SECONDS, AS_WHOLE, convert_value
from reverse_etl.destinations.iterable.identity import (
    Identifiers,
    Prefer,
    missing_identifier,
    person_column,
    person_fields,
    pick_identifier,
)
from reverse_etl.destinations.iterable.protocol.bulk import MEANING
from reverse_etl.destinations.iterable.protocol.reply_table import UNKNOWN_USER
from reverse_etl.destinations.iterable.protocol.single import coded_refusal
from reverse_etl.destinations.iterable.resources.user_lookup import FIRST_RECHECK
from reverse_etl.destinations.operation import Body, Operations, Row, UnfitRow
from reverse_etl.destinations.request import ApiCaller, Reply
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, Requirement, RowOrder, Sync

if TYPE_CHECKING:
    import pyarrow as pa

# Rows ahead of the last durable acknowledgement.
WINDOW = 2_000
_NO_TYPES = "Iterable does not report the types of event fields; a new field would get this type"
_NAMES = {"campaign_id": "campaignId", "template_id": "templateId"}


class ActivityEntry(FieldsEntry):
    """An entry whose rows are what users did."""

    email: ColumnName | None = Key(default=None, description="the user's e-mail")
    user_id: ColumnName | None = Key(default=None, description="the user's id")
    prefer: Prefer = None
    created_at: RowSource = Key(default=None, description="when it was; default: when Iterable receives it")
    campaign_id: RowSource = None
    template_id: RowSource = None
    unknown_users: Literal["skip", "reject"] = Key(
        default="skip", description="rows of users that Iterable does not have: try again later, or refuse"
    )

    @property
    def skips_unknown(self) -> bool:
        """Return whether rows of unknown users are skipped. If not, they are rejected."""
        return self.unknown_users == "skip"

    def key_fields(self) -> tuple[Field, ...]:
        return (*super().key_fields(), *person_fields(self.email, self.user_id))

    def faults(self, location: EntryLocation) -> list[Fault]:
        faults = [] if self.email or self.user_id else [missing_identifier(location)]
        if not self.identifiers() and not self.primary_key:
            [key] = self.IDENTIFIERS
            message = f"neither `{key}` nor `primary_key` names a column, so rows cannot be distinguished"
            faults.append(
                location.fault("missing-identifier", message, key=key, allowed=f"{key}, primary_key, or both")
            )
        return faults


def bind_activity(
    entry: ActivityEntry,
    identifiers: Identifiers,
    *,
    operations: Operations,
    body: Body,
    requirements: Sequence[Requirement],
) -> BoundObject:
    """Return an object whose rows are about a user and have an id of their own, with what all such objects share.

    If a request may hold several rows of a user, the rows of each user are sent together.
    """
    together = operations.write.several_of_user
    return BoundObject(
        identity=_identity(entry),
        operations=operations,
        body=body,
        fields=_fields(entry, identifiers.project),
        requirements=(*identifiers.requirements(), *_time_requirements(entry), *requirements),
        user=partial(_user, identifiers.precedence),
        order=RowOrder(tuple(f"@{key}" for key in identifiers.keys) if together else (), ("@created_at",)),
        people=tuple(person_column(key, f"@{key}") for key in identifiers.keys),
        is_log=True,
        first_recheck=FIRST_RECHECK,
        time_field="@created_at" if entry.created_at is not None else "",
        check=partial(_check, identifiers),
        inspect=_inspect,
    )


def _identity(entry: ActivityEntry) -> IdentityRule:
    """Return the row's own id if the definition has one, else its primary key; any text will do."""
    for key, column in entry.identifiers().items():
        return IdentityRule(key, (column,))
    return IdentityRule("primary_key", entry.primary_key)


def _fields(entry: ActivityEntry, project: ProjectType) -> tuple[Field, ...]:
    """Return what keys of the entry take from a row. A user id project knows no user by e-mail."""
    return tuple(field for field in entry.key_fields() if project is not ProjectType.USER_ID or field.path != "email")


def _time_requirements(entry: ActivityEntry) -> list[Requirement]:
    """Return that a row has a time, if its column promises one: the time of a request changes with each retry."""
    time = entry.created_at
    if time is None or time.column is None or time.nulls != "send":
        return []
    return [Requirement(("@created_at",), "null-created-at", "`created_at` is NULL")]


def _user(keys: Sequence[str], row: Row) -> str:
    [(name, value)] = pick_identifier(row.key_values, keys).items()
    return f"{name} {value}"


def _check(identifiers: Identifiers, sync: Sync) -> list[Fault]:
    return [*identifiers.check(sync), *find_reserved_fields(sync, location_of(sync), EVENT_FIELDS)]


def _inspect(context: SyncContext, caller: ApiCaller) -> Inspection:
    del caller  # no endpoint returns the types of event fields
    return inspect_without_types(context, _NO_TYPES) if context.fields else Inspection()


def hash_id(sync: str, identity: str) -> str:
    """Return the id of a row that has none of its own: 64 hex digits of a hash of the sync's name and the identity.

    A retry, or another run, then updates the row's event instead of adding another one.
    """
    return hashlib.sha256(orjson.dumps([sync, identity])).hexdigest()


def time_and_source(key_values: Mapping[str, object]) -> dict[str, object]:
    """Return when it was, its campaign and its template, without what is NULL. Raises UnfitRow."""
    members: dict[str, object] = {}
    if "created_at" in key_values:
        # NaN, infinity and null of JSON have become None on the way; sent without a time, the row would get another.
        if key_values["created_at"] is None:
            raise UnfitRow("null-created-at", "`created_at` is not a time: NULL, NaN, an infinity or null of JSON")
        members["createdAt"] = convert_value("created_at", key_values["created_at"], AS_SECONDS)
    for key, name in _NAMES.items():
        if key_values.get(key) is not None:
            members[name] = convert_value(key, key_values[key], AS_WHOLE)
    return members


def time_and_source_columns(entry: ActivityEntry, rows: RowColumns) -> dict[str, JsonColumn]:
    """Return the members of `time_and_source` for many rows."""
    from reverse_etl.destinations.iterable.fields.scalar_columns import fit_column  # imports `pyarrow`

    members: dict[str, JsonColumn] = {}
    if "created_at" in rows.key_values:
        times = fit_column(rows.key_values["created_at"], AS_SECONDS)
        may_be_missing = entry.created_at is not None and entry.created_at.nulls == "skip"
        members["createdAt"] = times if may_be_missing else require_value(times)
    for key, name in _NAMES.items():
        if key in rows.key_values:
            members[name] = fit_column(rows.key_values[key], AS_WHOLE)
    return members


def choose_ids(sync: str, identity: JsonColumn, is_usable: pa.Array) -> JsonColumn:
    """Return the ids of many rows: the identity if it `is_usable`, else its `hash_id`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    others = pc.if_else(is_usable, None, identity.texts)
    if others.null_count == len(others):
        return identity
    start = orjson.dumps([sync])[:-1]
    texts = (text and b"%b,%b]" % (start, text.encode()) for text in others.to_pylist())
    hashed = pa.array([text and f'"{hashlib.sha256(text).hexdigest()}"' for text in texts], pa.string())
    return JsonColumn(pc.coalesce(hashed, identity.texts))


def unknown_user(change: Change, *, skip: bool) -> Outcome:
    """Return the outcome of a row whose user Iterable does not have."""
    return Outcome(change.ordinal, Status.SKIPPED if skip else Status.REJECTED, *MEANING["notFound"])


def read_user_refusal(change: Change, reply: Reply, *, skip: bool, one_user: bool = False) -> Outcome | None:
    """Return what a 4xx reply to one row says of its user. Only the code counts: a message may be about something else.

    `one_user`: the row's identity is the user.
    """
    outcome = coded_refusal(change, reply, one_user=one_user)
    return unknown_user(change, skip=skip) if outcome is not None and outcome.code == UNKNOWN_USER else outcome
