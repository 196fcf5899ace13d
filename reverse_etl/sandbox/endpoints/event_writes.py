"""POST events/track and events/trackBulk: events of users there are; nobody is made for one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints.user_updates import creates, single_refusal
from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Reply, refusal, resource, success
from reverse_etl.sandbox.rules.bulk_replies import named, shown, summary
from reverse_etl.sandbox.rules.dates import moment
from reverse_etl.sandbox.rules.event_fields import Submitted
from reverse_etl.sandbox.rules.fields import without_nulls
from reverse_etl.sandbox.rules.identity import valid_email, valid_user_id
from reverse_etl.sandbox.rules.users import Failure, Reason, own
from reverse_etl.sandbox.state.events import MAX_ID_BYTES, Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.rules.fields import Admitted, Fields
    from reverse_etl.sandbox.rules.users import Row
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project

_EVENT: Final[bodies.Shape] = {
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
_FAILURES: Final = tuple(
    reason + kind for reason in ("invalid", "notFound", "forgotten") for kind in ("Emails", "UserIds")
)
_ID: Final = re.compile(r"[A-Za-z0-9-]+")

# What becomes of one event: it is accepted, somebody is not there for it, or (in words) it cannot be stored.
Outcome = Event | Failure | str


def track(call: Call) -> Reply:
    row, project = call.body, call.project
    behaviour = project.options.behaviour
    bodies.require(row, _EVENT, call.path, "eventName")
    if row.get("email") is None and row.get("userId") is None:
        raise refusal(400, "BadParams", "Either email or userId must be specified in a track call")
    if row["eventName"] in behaviour.disallowed_events:
        return success(f"Event {row['eventName']} is disallowed from tracking.")
    outcome = _outcome(project, row, _admit(project, [row]).rows[0])
    if isinstance(outcome, Failure):
        raise single_refusal(outcome, behaviour)
    if isinstance(outcome, str):
        raise refusal(400, "BadParams", outcome)
    event = project.events.accept(outcome, project.clock(), behaviour.single_event_delay)
    return success(f"Event with id: {event.key} tracked.", {"id": event.key})


def track_bulk(call: Call) -> Reply:
    project, rows = call.project, _rows(call)
    behaviour = project.options.behaviour
    disallowed = {row["eventName"]: None for row in rows if row["eventName"] in behaviour.disallowed_events}
    allowed = [row for row in rows if row["eventName"] not in disallowed]
    admitted = _admit(project, allowed)
    outcomes = [_outcome(project, row, fields) for row, fields in zip(allowed, admitted.rows, strict=True)]
    faults = [outcome for outcome in outcomes if isinstance(outcome, str)]
    if faults and behaviour.unstorable_events == "refused":
        raise refusal(400, "BadParams", faults[0])
    accepted = [
        project.events.accept(outcome, project.clock(), behaviour.bulk_event_delay)
        for outcome in outcomes
        if isinstance(outcome, Event)
    ]
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    reply = {
        "successCount": len(accepted),
        "failCount": len(rows) - len(accepted),
        "disallowedEventNames": list(disallowed),
        "createdFields": admitted.created,
        "filteredOutFields": admitted.filtered_out,
        **shown(behaviour, named(behaviour, failures, _FAILURES)),
    }
    return resource(reply, summary(reply, failures))


def _rows(call: Call) -> list[Row]:
    bodies.require(call.body, {"events": list}, call.path, "events")
    rows: list[dict[str, Any]] = call.body["events"]
    bodies.require_at_most(call.project.options.behaviour.max_batch_items, rows)
    bodies.require_rows(rows, _EVENT, "obj.events", call.path, "eventName")
    return rows


def _admit(project: Project, rows: Iterable[Row]) -> Admitted:
    submitted = (Submitted(row["eventName"], row.get("dataFields") or {}, creates(project, row)) for row in rows)
    return project.events.fields.admit(submitted)


def _outcome(project: Project, row: Row, fields: Fields | None) -> Outcome:
    user = _user(project, row)
    if isinstance(user, Failure):
        return user
    behaviour, asked = project.options.behaviour, row.get("createdAt")
    created = project.clock() if asked is None else moment(asked)
    if not row["eventName"]:
        return "eventName must not be empty"
    if not _storable_id(row.get("id"), checked=behaviour.event_id_characters == "checked"):
        return f"Invalid event id: {row['id'][:MAX_ID_BYTES]}"
    if created is None:
        return f"Invalid createdAt: {asked}"
    if fields is None:
        return f"Invalid dataFields for event {row['eventName']}"
    return Event(
        user=user.id,
        name=row["eventName"],
        created=created,
        data=without_nulls(fields) if behaviour.event_nulls == "dropped" else fields,
        key=row.get("id") or "",
        campaign_id=row.get("campaignId"),
        template_id=row.get("templateId"),
    )


def _storable_id(key: str | None, *, checked: bool) -> bool:
    if key is None:
        return True
    return len(key.encode()) <= MAX_ID_BYTES and (not checked or _ID.fullmatch(key) is not None)


def _user(project: Project, row: Row) -> Profile | Failure:
    """Whom an event is about, found at the moment of the request. The e-mail wins where both are given."""
    email, user_id = row.get("email"), row.get("userId")
    if email is not None and project.rules.email_unique:
        forgotten, _ = project.is_forgotten(email, None)
        reason = _reason(valid=valid_email(email), forgotten=forgotten)
        return project.emails.first(email.lower()) or Failure(reason, "Emails", email)
    if user_id is not None:
        _, forgotten = project.is_forgotten(None, user_id)
        reason = _reason(valid=valid_user_id(user_id), forgotten=forgotten)
        return project.user_ids.first(user_id) or Failure(reason, "UserIds", user_id)
    return own(project, row, "invalid")


def _reason(*, valid: bool, forgotten: bool) -> Reason:
    """Why there is nobody of a name."""
    if not valid:
        return "invalid"
    return "forgotten" if forgotten else "notFound"
