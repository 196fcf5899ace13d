"""Activity: what events and purchases share: whose they are, when they were, and the id under which they go out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

import orjson
from pydantic import Field as Key

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.definition.entry import ColumnName, FieldsEntry, Source
from reverse_etl.definition.faults import Place, place_of
from reverse_etl.destinations.bound_object import SyncContext
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, Stage
from reverse_etl.destinations.iterable.fields.field_types import untold
from reverse_etl.destinations.iterable.fields.reserved_names import EVENT_FIELDS, field_faults
from reverse_etl.destinations.iterable.fields.scalars import SECONDS, WHOLE, fit
from reverse_etl.destinations.iterable.identity import (
    FIRST_RECHECK,
    Prefer,
    identifier_faults,
    keys_of,
    known_by,
    missing_identifier,
    person,
    person_fields,
    person_requirements,
    precedence,
)
from reverse_etl.destinations.iterable.protocol.bulk import MEANING
from reverse_etl.destinations.iterable.protocol.reply_table import UNKNOWN_USER
from reverse_etl.destinations.iterable.protocol.single import coded_refusal
from reverse_etl.destinations.operation import Row, UnfitRow
from reverse_etl.destinations.request import ApiCaller, Reply
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, PersonColumn, Requirement, Sync

# Rows ahead of the last durable acknowledgement.
WINDOW = 2_000
_NO_TYPES = "no endpoint of Iterable tells the types of event fields, so those that are new would get these"
_NAMES = {"campaign_id": "campaignId", "template_id": "templateId"}


class ActivityEntry(FieldsEntry):
    """An entry whose rows are what users did."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("unknown_users", "prefer")
    email: ColumnName | None = Key(default=None, description="the user's e-mail")
    user_id: ColumnName | None = Key(default=None, description="the user's id")
    prefer: Prefer = None
    created_at: Source = Key(default=None, description="when it was; default: when Iterable receives it")
    campaign_id: Source = None
    template_id: Source = None
    unknown_users: Literal["skip", "reject"] = Key(
        default="skip", description="rows of users that Iterable lacks: try again later, or refuse for good"
    )

    def own(self) -> tuple[Field, ...]:
        return (*super().own(), *person_fields(self.email, self.user_id))

    def faults(self, place: Place) -> list[Fault]:
        faults = [] if self.email or self.user_id else [missing_identifier(place)]
        if not self.identifiers() and not self.primary_key:
            [key] = self.IDENTIFIERS
            said = f"neither `{key}` nor `primary_key` names a column, so no row could be told from another"
            faults.append(place.fault("missing-identifier", said, key=key, allowed=f"{key}, primary_key, or both"))
        return faults


class Activity(IterableObject):
    """What users did: rows that are about a user, and each have an id of their own."""

    stage = Stage.ACTIVITY
    first_recheck = FIRST_RECHECK

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        return [*identifier_faults(sync, project), *field_faults(sync, place_of(sync), EVENT_FIELDS)]

    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        """The row's own id where the definition has one, else its primary key; any text will do."""
        del project
        for key, column in sync.identifiers.items():
            return IdentityRule(key, (column,))
        return IdentityRule("primary_key", sync.primary_key)

    def extra_fields(self, sync: Sync, project: ProjectType) -> tuple[Field, ...]:
        return known_by(sync, project)

    def people(self, sync: Sync, project: ProjectType) -> tuple[PersonColumn, ...]:
        return tuple(PersonColumn(key, f"@{key}") for key in keys_of(sync, project))

    def user(self, sync: Sync, project: ProjectType) -> Callable[[Row], str] | None:
        keys = precedence(sync, project)

        def who(row: Row) -> str:
            [(name, value)] = person(row.own, keys).items()
            return f"{name} {value}"

        return who

    def inspect(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Inspection:
        del project, asker
        return untold(context, _NO_TYPES) if context.fields else Inspection()


def activity_requirements(sync: Sync, project: ProjectType) -> tuple[Requirement, ...]:
    """Somebody it is about, and a time where one is promised: the time of a request would move with each retry."""
    timed = [item for item in sync.own if item.path == "created_at" and item.column and item.nulls == "send"]
    time = Requirement(("@created_at",), "null-created-at", "`created_at` is NULL")
    return (*person_requirements(sync, project), *([time] if timed else []))


def stable_id(sync: Sync, identity: str, mapped: str) -> str:
    """The id that goes out: `mapped` if there is one, else a hash of the sync's name and the row's identity.

    64 hex digits: a retry, or another run, updates what is there instead of adding to it.
    """
    return mapped or hashlib.sha256(orjson.dumps([sync.name, identity])).hexdigest()


def attribution(own: Mapping[str, object]) -> dict[str, object]:
    """When it was and what it is credited to, without what is NULL. Raises UnfitRow."""
    found: dict[str, object] = {}
    if "created_at" in own:
        # NaN, infinity and null of JSON have become None on the way; sent without a time, the row would get another.
        if own["created_at"] is None:
            raise UnfitRow("null-created-at", "`created_at` is not a time: NULL, NaN, an infinity or null of JSON")
        found["createdAt"] = fit("created_at", own["created_at"], SECONDS)
    for key, name in _NAMES.items():
        if own.get(key) is not None:
            found[name] = fit(key, own[key], WHOLE)
    return found


def skips_unknown(sync: Sync) -> bool:
    """Whether rows of users that Iterable lacks are skipped, or else rejected."""
    return sync.options.get("unknown_users") != "reject"


def unknown_user(change: Change, *, skip: bool) -> Outcome:
    """The fate of a row whose user Iterable lacks."""
    return Outcome(change.ordinal, Status.SKIPPED if skip else Status.REJECTED, *MEANING["notFound"])


def refused_person(change: Change, reply: Reply, *, skip: bool, one_user: bool = False) -> Outcome | None:
    """What a 4xx reply to one row says of its user; by code alone, since a message may be about something else.

    `one_user`: the row's identity is the user.
    """
    found = coded_refusal(change, reply, one_user=one_user)
    return unknown_user(change, skip=skip) if found is not None and found.code == UNKNOWN_USER else found
