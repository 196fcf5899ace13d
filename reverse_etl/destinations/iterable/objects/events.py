"""Events: what users did, many at once by POST /api/events/trackBulk. An event makes no user."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import orjson
from pydantic import Field as Key

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.definition.entry import ColumnName, Source
from reverse_etl.definition.faults import Place, short
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.scalars import TEXT, fit
from reverse_etl.destinations.iterable.identity import person, precedence
from reverse_etl.destinations.iterable.objects.activity import (
    WINDOW,
    Activity,
    ActivityEntry,
    activity_requirements,
    attribution,
    refused_person,
    skips_unknown,
    stable_id,
    unknown_user,
)
from reverse_etl.destinations.iterable.protocol.bulk import BulkReader, rejected
from reverse_etl.destinations.iterable.protocol.bulk_failures import Failure, Identifier, texts
from reverse_etl.destinations.operation import BatchResult, Body, Operation, Operations, Row
from reverse_etl.destinations.request import Endpoint, Reply, Request
from reverse_etl.errors import Fault
from reverse_etl.sync import Requirement, Sync

# Rate: Swagger document. 1,000 events and 4 MB a request are what others send; neither is documented.
TRACK_BULK = Endpoint("POST", "/api/events/trackBulk", 10)
# What an id may be: support article 204780579; 512 bytes: Swagger document.
_ID = re.compile(r"[A-Za-z0-9-]{1,512}")


class EventsEntry(ActivityEntry):
    """Events, by POST /api/events/trackBulk."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("event_id",)
    OPTIONS: ClassVar[tuple[str, ...]] = (*ActivityEntry.OPTIONS, "create_new_fields", "allow_dropped_fields")
    object: Literal["events"]
    mode: Literal["upsert"] = Key(default="upsert", description="an event sent before is updated when its row changes")
    event_name: Source = Key(description="a column, or {value: …}")
    event_id: ColumnName | None = Key(default=None, description="what tells an event from every other one")
    create_new_fields: bool | None = Key(
        default=None, description="whether Iterable may add fields; default: the project's"
    )
    allow_dropped_fields: bool = Key(
        default=False, description="accept rows although Iterable dropped some of their fields"
    )

    def faults(self, place: Place) -> list[Fault]:
        faults = super().faults(place)
        name = self.event_name
        if name is None or (name.column is None and TEXT.read(name.constant) is None):
            allowed = "a column, or {value: …}"
            faults.append(place.fault("missing-key", "`event_name` is missing", key="event_name", allowed=allowed))
        return faults


@dataclass(frozen=True)
class TrackBulk(Operation):
    """Track events, or update those with the same ids. `skip`: events of unknown users are skipped, not rejected."""

    skip: bool = True
    allow_dropped_fields: bool = False
    endpoint: Endpoint = TRACK_BULK
    overhead: int = 20
    window: int = WINDOW

    def build(self, changes: Sequence[Change]) -> Request:
        body = b'{"events":[' + b",".join([change.body for change in changes]) + b"]}"
        return Request(self.endpoint, self.endpoint.path, body)

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        # Identifiers among an event's data are somebody else's.
        reader = BulkReader(self._fate, self.allow_dropped_fields, parts=("",))
        return reader.read(changes, reply, _barred(changes, reply))

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return refused_person(change, reply, skip=self.skip)

    def _fate(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        # The deprecated array of user ids names those that are not known: Swagger, BulkTrackResponse.
        unknown = failure.reason == "invalid" and failure.deprecated and named.kind == "UserIds"
        if unknown or failure.reason == "notFound":
            return unknown_user(change, skip=self.skip)
        return rejected(change, named, failure)


def _barred(changes: Sequence[Change], reply: Reply) -> Mapping[int, Outcome]:
    """The rows whose event's name the project does not let in."""
    body = reply.body if isinstance(reply.body, dict) else {}
    names = set(texts(body.get("disallowedEventNames")))
    if not names:
        return {}
    found = {change.ordinal: _name_of(change) for change in changes}
    return {ordinal: _disallowed(ordinal, name) for ordinal, name in found.items() if name in names}


def _name_of(change: Change) -> str:
    return str(orjson.loads(change.body)["eventName"])


def _disallowed(ordinal: int, name: str) -> Outcome:
    reason = f"the project lets no event named `{short(name)}` in"
    return Outcome(ordinal, Status.REJECTED, "disallowed-event", reason)


class Events(Activity):
    """What users did."""

    name = "events"
    entry = EventsEntry

    def requirements(self, sync: Sync, project: ProjectType) -> tuple[Requirement, ...]:
        name = Requirement(("@event_name",), "null-event-name", "the event's name is NULL or empty")
        return (*activity_requirements(sync, project), name)

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        del project
        return Operations(TrackBulk(skips_unknown(sync), allow_dropped_fields=sync.option("allow_dropped_fields")))

    def body(self, sync: Sync, project: ProjectType) -> Body:
        keys = precedence(sync, project)
        create = sync.options.get("create_new_fields")
        flag = {} if create is None else {"createNewFields": create}

        def make(row: Row) -> Mapping[str, object]:
            mapped = row.identity if "event_id" in sync.identifiers and _ID.fullmatch(row.identity) else ""
            return {
                **person(row.own, keys),
                "eventName": fit("event_name", row.own["event_name"], TEXT),
                "id": stable_id(sync, row.identity, mapped),
                **attribution(row.own),
                "dataFields": row.data,
                **flag,
            }

        return make
