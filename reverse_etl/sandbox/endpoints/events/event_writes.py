"""POST events/track and events/trackBulk. The user of an event must exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.endpoints.failure_replies import (
    build_single_refusal,
    group_identifiers,
    place_failure_arrays,
    summarize_counts,
)
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_json, reply_success
from reverse_etl.sandbox.rules.dates import parse_unix_time
from reverse_etl.sandbox.rules.event_fields import SubmittedEvent
from reverse_etl.sandbox.rules.fields import drop_nulls
from reverse_etl.sandbox.rules.identity import is_valid_email, is_valid_user_id
from reverse_etl.sandbox.state.events import MAX_ID_BYTES, Event
from reverse_etl.sandbox.state.user_writes import Failure, FailureReason, fail_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.rules.fields import AdmittedRows, Fields
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project
    from reverse_etl.sandbox.state.user_writes import Row

_EVENT: Final[request_bodies.Shape] = {
    "eventName": str,
    "email": str,
    "userId": str,
    "id": str,
    "createdAt": float,
    "dataFields": dict,
    "campaignId": int,
    "templateId": int,
    "createNewFields": bool,
}
_FAILURE_ARRAYS: Final = tuple(
    reason + kind for reason in ("invalid", "notFound", "forgotten") for kind in ("Emails", "UserIds")
)
_ID: Final = re.compile(r"[A-Za-z0-9-]+")

# The event if it is accepted, a Failure if it has no user, or a text that says why it cannot be stored.
EventOutcome = Event | Failure | str


def track_event(call: Call) -> Reply:
    row, project = call.body, call.project
    behaviour = project.options.behaviour
    request_bodies.check_body(row, _EVENT, call.path, "eventName")
    if row.get("email") is None and row.get("userId") is None:
        raise ApiRefusal(400, "BadParams", "Either email or userId must be specified in a track call")
    if row["eventName"] in behaviour.disallowed_events:
        return reply_success(f"Event {row['eventName']} is disallowed from tracking.")
    outcome = _build_event(project, row, _admit_fields(project, [row]).rows[0])
    if isinstance(outcome, Failure):
        raise build_single_refusal(outcome, behaviour)
    if isinstance(outcome, str):
        raise ApiRefusal(400, "BadParams", outcome)
    event = project.events.accept(outcome, project.clock(), behaviour.single_event_delay)
    return reply_success(f"Event with id: {event.key} tracked.", {"id": event.key})


def bulk_track_events(call: Call) -> Reply:
    project, rows = call.project, _read_rows(call)
    behaviour = project.options.behaviour
    disallowed = {row["eventName"]: None for row in rows if row["eventName"] in behaviour.disallowed_events}
    allowed = [row for row in rows if row["eventName"] not in disallowed]
    admitted = _admit_fields(project, allowed)
    outcomes = [_build_event(project, row, fields) for row, fields in zip(allowed, admitted.rows, strict=True)]
    problems = [outcome for outcome in outcomes if isinstance(outcome, str)]
    if problems and behaviour.unstorable_events == "refused":
        raise ApiRefusal(400, "BadParams", problems[0])
    accepted = [
        project.events.accept(outcome, project.clock(), behaviour.bulk_event_delay)
        for outcome in outcomes
        if isinstance(outcome, Event)
    ]
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    body = {
        "successCount": len(accepted),
        "failCount": len(rows) - len(accepted),
        "disallowedEventNames": list(disallowed),
        "createdFields": admitted.created_fields,
        "filteredOutFields": admitted.filtered_out_fields,
        **place_failure_arrays(behaviour, group_identifiers(behaviour, failures, _FAILURE_ARRAYS)),
    }
    return reply_json(body, summarize_counts(body, failures))


def _read_rows(call: Call) -> list[Row]:
    request_bodies.check_body(call.body, {"events": list}, call.path, "events")
    rows: list[dict[str, Any]] = call.body["events"]
    request_bodies.check_count(call.project.options.behaviour.max_batch_items, rows)
    request_bodies.check_rows(rows, _EVENT, "obj.events", call.path, "eventName")
    return rows


def _admit_fields(project: Project, rows: Iterable[Row]) -> AdmittedRows:
    submitted = (
        SubmittedEvent(row["eventName"], row.get("dataFields") or {}, project.may_create_fields(row)) for row in rows
    )
    return project.events.field_types.admit_events(submitted)


def _build_event(project: Project, row: Row, fields: Fields | None) -> EventOutcome:
    user = _find_user(project, row)
    if isinstance(user, Failure):
        return user
    behaviour, sent_time = project.options.behaviour, row.get("createdAt")
    created = project.clock() if sent_time is None else parse_unix_time(sent_time)
    if not row["eventName"]:
        return "eventName must not be empty"
    if not _is_valid_id(row.get("id"), check_characters=behaviour.event_id_characters == "checked"):
        return f"Invalid event id: {row['id'][:MAX_ID_BYTES]}"
    if created is None:
        return f"Invalid createdAt: {sent_time}"
    if fields is None:
        return f"Invalid dataFields for event {row['eventName']}"
    return Event(
        user=user.id,
        name=row["eventName"],
        created=created,
        data=drop_nulls(fields) if behaviour.event_nulls == "dropped" else fields,
        key=row.get("id") or "",
        campaign_id=row.get("campaignId"),
        template_id=row.get("templateId"),
    )


def _is_valid_id(key: str | None, *, check_characters: bool) -> bool:
    if key is None:
        return True
    return len(key.encode()) <= MAX_ID_BYTES and (not check_characters or _ID.fullmatch(key) is not None)


def _find_user(project: Project, row: Row) -> Profile | Failure:
    """Return the user of an event at the time of the request. If both identifiers are given, the e-mail counts."""
    email, user_id = row.get("email"), row.get("userId")
    if email is not None and project.identity_rules.email_unique:
        forgotten, _ = project.is_forgotten(email, None)
        reason = _find_reason(valid=is_valid_email(email), forgotten=forgotten)
        return project.email_index.find_first(email.lower()) or Failure(reason, "Emails", email)
    if user_id is not None:
        _, forgotten = project.is_forgotten(None, user_id)
        reason = _find_reason(valid=is_valid_user_id(user_id), forgotten=forgotten)
        return project.user_id_index.find_first(user_id) or Failure(reason, "UserIds", user_id)
    return fail_row(project, row, "invalid")


def _find_reason(*, valid: bool, forgotten: bool) -> FailureReason:
    """Return why there is no user with an identifier."""
    if not valid:
        return "invalid"
    return "forgotten" if forgotten else "notFound"
