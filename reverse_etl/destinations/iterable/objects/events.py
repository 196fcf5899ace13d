"""Events: what users did, many at once by POST /api/events/trackBulk. An event does not create a user."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal

import orjson
from pydantic import Field as Key

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.change_block import join_bodies
from reverse_etl.definition.entry import ColumnName, RowSource
from reverse_etl.definition.faults import EntryLocation, shorten
from reverse_etl.destinations.bound_object import BoundObject
from reverse_etl.destinations.column_body import ColumnBody, ColumnMembers, JsonColumn, RowColumns, require_value
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, SyncOrder
from reverse_etl.destinations.iterable.fields.scalars import AS_TEXT, convert_value
from reverse_etl.destinations.iterable.identifier_columns import name_users, pick_identifier_columns
from reverse_etl.destinations.iterable.identity import Identifiers, pick_identifier
from reverse_etl.destinations.iterable.objects.activity import (
    WINDOW,
    ActivityEntry,
    bind_activity,
    choose_ids,
    hash_id,
    read_user_refusal,
    time_and_source,
    time_and_source_columns,
    unknown_user,
)
from reverse_etl.destinations.iterable.protocol.bulk import BulkReader, rejected
from reverse_etl.destinations.iterable.protocol.bulk_failures import Failure, Identifier, texts
from reverse_etl.destinations.iterable.resources.journeys import custom_event, custom_events_by
from reverse_etl.destinations.journeys import JourneyEvent
from reverse_etl.destinations.operation import BatchResult, Operation, Operations, Row
from reverse_etl.destinations.request import Endpoint, Reply, Request
from reverse_etl.errors import Fault
from reverse_etl.sync import Requirement

# Rate: Swagger document. 1,000 events and 4 MB a request are what others send; neither is documented.
TRACK_BULK = Endpoint("POST", "/api/events/trackBulk", 10)
# What an id may be: support article 204780579; 512 bytes: Swagger document.
_ID = re.compile(r"[A-Za-z0-9-]{1,512}")
_ID_JSON, _ID_BYTES = '^"[A-Za-z0-9-]+"$', 514


class EventsEntry(ActivityEntry):
    """Events, by POST /api/events/trackBulk."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("event_id",)
    object: Literal["events"]
    mode: Literal["upsert"] = Key(default="upsert", description="an event sent before is updated when its row changes")
    event_name: RowSource = Key(description="a column, or {value: …}")
    event_id: ColumnName | None = Key(default=None, description="column with an id that no other event has")
    create_new_fields: bool | None = Key(
        default=None, description="whether Iterable may add fields; default: the project's"
    )
    allow_dropped_fields: bool = Key(
        default=False, description="accept rows although Iterable dropped some of their fields"
    )

    event_order: Literal["batched", "strict"] = Key(
        default="batched",
        description="batched: a request holds several events of a user, in order; strict: one event of each user",
    )

    def faults(self, location: EntryLocation) -> list[Fault]:
        faults = super().faults(location)
        name = self.event_name
        if name is None or (name.column is None and AS_TEXT.read(name.constant) is None):
            allowed = "a column, or {value: …}"
            faults.append(location.fault("missing-key", "`event_name` is missing", key="event_name", allowed=allowed))
        return faults


def bind(entry: EventsEntry, project: ProjectType) -> BoundObject:
    """Return how events are identified and sent: an event does not create a user."""
    identifiers = Identifiers.of(entry, project)
    name = Requirement(("@event_name",), "null-event-name", "the event's name is NULL or empty")
    several = entry.event_order != "strict"
    write = TrackBulk(entry.skips_unknown, entry.allow_dropped_fields, several_of_user=several)
    body = partial(_body, entry, identifiers.precedence)
    bound = bind_activity(entry, identifiers, operations=Operations(write), body=body, requirements=[name])
    by_column = ColumnBody(
        partial(_columns, entry, identifiers.precedence), partial(name_users, identifiers.precedence)
    )
    return replace(bound, by_column=by_column, journey_events=(_journey_event(entry),))


def _journey_event(entry: EventsEntry) -> JourneyEvent:
    name = entry.event_name
    if name is None or name.column is not None:
        return custom_events_by("event_name")
    return custom_event(str(AS_TEXT.read(name.constant)))


def _body(entry: EventsEntry, keys: Sequence[str], row: Row) -> Mapping[str, object]:
    body: dict[str, object] = {
        **pick_identifier(row.key_values, keys),
        "eventName": convert_value("event_name", row.key_values["event_name"], AS_TEXT),
        "id": _event_id(entry, row.identity),
        **time_and_source(row.key_values),
        "dataFields": row.data,
    }
    if entry.create_new_fields is not None:
        body["createNewFields"] = entry.create_new_fields
    return body


def _event_id(entry: EventsEntry, identity: str) -> str:
    is_usable = entry.event_id is not None and _ID.fullmatch(identity)
    return identity if is_usable else hash_id(entry.sync_name, identity)


def _columns(entry: EventsEntry, keys: Sequence[str], rows: RowColumns) -> ColumnMembers:
    from reverse_etl.destinations.iterable.fields.scalar_columns import fit_column  # imports `pyarrow`

    flags = {} if entry.create_new_fields is None else {"createNewFields": entry.create_new_fields}
    return {
        **pick_identifier_columns(keys, rows),
        "eventName": require_value(fit_column(rows.key_values["event_name"], AS_TEXT)),
        "id": _event_ids(entry, rows.identity),
        **time_and_source_columns(entry, rows),
        "dataFields": rows.build_data(),
        **flags,
    }


def _event_ids(entry: EventsEntry, identity: JsonColumn) -> JsonColumn:
    import pyarrow.compute as pc

    fits = pc.less_equal(pc.binary_length(identity.texts), _ID_BYTES if entry.event_id is not None else 0)
    return choose_ids(entry.sync_name, identity, pc.and_(fits, pc.match_substring_regex(identity.texts, _ID_JSON)))


@dataclass(frozen=True)
class TrackBulk(Operation):
    """Tracks events, or updates those with the same ids. `skip`: events of unknown users are skipped, not rejected."""

    skip: bool = True
    allow_dropped_fields: bool = False
    endpoint: Endpoint = TRACK_BULK
    overhead: int = 20
    window: int = WINDOW
    several_of_user: bool = True

    def build(self, changes: Sequence[Change]) -> Request:
        body = b'{"events":[' + join_bodies(changes) + b"]}"
        return Request(self.endpoint, self.endpoint.path, body)

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        # Identifiers in an event's data belong to other users.
        reader = BulkReader(self._outcome, self.allow_dropped_fields, parts=("",), several_of_user=self.several_of_user)
        return reader.read(changes, reply, _read_disallowed(changes, reply))

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return read_user_refusal(change, reply, skip=self.skip)

    def _outcome(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        # The deprecated array of user ids names unknown users: Swagger, BulkTrackResponse.
        unknown = failure.reason == "invalid" and failure.deprecated and named.kind == "UserIds"
        if unknown or failure.reason == "notFound":
            return unknown_user(change, skip=self.skip)
        return rejected(change, named, failure)


def _read_disallowed(changes: Sequence[Change], reply: Reply) -> Mapping[int, Outcome]:
    """Return the outcomes of rows whose event name the project does not allow."""
    body = reply.body if isinstance(reply.body, dict) else {}
    names = set(texts(body.get("disallowedEventNames")))
    if not names:
        return {}
    sent = {change.ordinal: _name_of(change) for change in changes}
    return {ordinal: _disallowed(ordinal, name) for ordinal, name in sent.items() if name in names}


def _name_of(change: Change) -> str:
    return str(orjson.loads(change.body)["eventName"])


def _disallowed(ordinal: int, name: str) -> Outcome:
    reason = f"the project does not accept events named `{shorten(name)}`"
    return Outcome(ordinal, Status.REJECTED, "disallowed-event", reason)


EVENTS = IterableObject(EventsEntry, SyncOrder.ACTIVITY, bind)
