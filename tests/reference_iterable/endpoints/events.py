"""Events: section 9. The same id again replaces the event. An event creates no user."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.reference_iterable.endpoints.users import build_bulk_result, build_single_refusal, find_test_failure
from tests.reference_iterable.project_memory import Event, Memory, User
from tests.reference_iterable.replies import Reply, bad_params, reply_success
from tests.reference_iterable.request import Call
from tests.reference_iterable.rules.bodies import BOOLEAN, INTEGER, NUMBER, OBJECT, STRING
from tests.reference_iterable.rules.fields import list_odd_dates, store_fields
from tests.reference_iterable.rules.identity import Failure, find_invalid, find_user, get_leading_key, has_identifier

ROW = {
    "eventName!": STRING,
    "email": STRING,
    "userId": STRING,
    "id": STRING,
    "createdAt": NUMBER,
    "dataFields": OBJECT,
    "campaignId": INTEGER,
    "templateId": INTEGER,
    "createNewFields": BOOLEAN,
}
STEMS = ("invalid", "notFound", "forgotten")
MILLISECONDS_FROM = 10**11
_ID = re.compile(r"[A-Za-z0-9-]{1,512}")


def track_event(call: Call) -> Reply:
    event = call.check_body(ROW)
    made, ended = _apply_events(call, [event])
    del made
    [failure] = ended
    if isinstance(failure, Failure):
        raise build_single_refusal(failure)
    if failure is None:
        return reply_success(f"{event['eventName']} is disallowed from tracking.")
    return reply_success(f"Event with id: {failure} tracked.", {"id": failure})


def bulk_track_events(call: Call) -> Reply:
    events: list[dict[str, Any]] = call.check_body({"events!": [ROW]})["events"]
    call.check_batch(events, once=False)
    _note_order(call, events)
    (made, dropped), ended = _apply_events(call, events)
    failures = [one for one in ended if isinstance(one, Failure)]
    blocked = [event["eventName"] for event, one in zip(events, ended, strict=True) if one is None]
    result = build_bulk_result(len(events), failures, STEMS)
    result["successCount"] -= len(blocked)
    result["failCount"] += len(blocked)
    names = list(dict.fromkeys(blocked))
    return Reply(200, {**result, "disallowedEventNames": names, "createdFields": made, "filteredOutFields": dropped})


def _apply_events(
    call: Call, events: Sequence[dict[str, Any]]
) -> tuple[tuple[list[str], list[str]], list[str | Failure | None]]:
    """Return created and dropped fields, and for each event its id, its failure, or None if its name is disallowed."""
    if not all(map(has_identifier, events)):
        raise bad_params("Either email or userId must be specified in a track call")
    for event in events:
        call.note_user(event)
        _note_advice(call, event)
    admitted = call.memory.event_fields.admit_rows(
        [(event["eventName"], event.get("dataFields", {}), _may_create_fields(call.memory, event)) for event in events]
    )
    return admitted, [_apply_event(call, event, admitted[1]) for event in events]


def _may_create_fields(memory: Memory, event: Mapping[str, Any]) -> bool:
    return bool(event.get("createNewFields", memory.settings.create_new_fields))


def _apply_event(call: Call, event: dict[str, Any], dropped: Sequence[str]) -> str | Failure | None:
    memory = call.memory
    if event["eventName"] in memory.settings.disallowed_events:
        return None
    failure = _find_user_or_failure(call, event)
    if isinstance(failure, Failure):
        return failure
    id_ = event.get("id") or f"made{memory.next_number()}"
    store_event(memory, id_, failure, event, dropped)
    memory.applied.append((id_, event))
    return id_


def store_event(memory: Memory, id_: str, user: User, event: Mapping[str, Any], dropped: Sequence[str] = ()) -> None:
    """Store an event under its id. It replaces an event with the same id."""
    memory.events[id_] = Event(
        user,
        event["eventName"],
        convert_to_seconds(event.get("createdAt", memory.clock())),
        store_fields(event.get("dataFields", {}), memory.event_fields.get_types(event["eventName"]), dropped),
        event.get("campaignId"),
        event.get("templateId"),
    )


def convert_to_seconds(at: float) -> int:
    """Return Unix time in seconds, from seconds or milliseconds (9.3)."""
    return int(at / 1000 if at >= MILLISECONDS_FROM else at)


def _find_user_or_failure(call: Call, event: dict[str, Any]) -> User | Failure:
    identifiers = {key: event[key] for key in ("email", "userId") if key in event}
    failure = find_test_failure(call, event, "invalid") or find_invalid(call.memory, identifiers)
    if failure:
        return failure
    found = find_user(call.memory, identifiers)
    key = get_leading_key(call.memory, identifiers)
    return Failure("notFound", key, identifiers[key]) if found is None else found


def _note_advice(call: Call, event: Mapping[str, Any]) -> None:
    id_, at = event.get("id"), event.get("createdAt")
    if id_ is None:
        call.note("events: an event without id")
    elif not _ID.fullmatch(id_):
        call.note(f"events: id {id_!r} is not made of letters, digits and hyphens, 512 at most")
        raise bad_params(f"Invalid event id: {id_}")
    if at is not None and (not isinstance(at, int) or at >= MILLISECONDS_FROM):
        call.note(f"events: createdAt {at} is no whole number of seconds")
    if "email" in event and "userId" in event:
        call.note("identity: both identifiers of one event")
    for text in list_odd_dates(event.get("dataFields", {})):
        call.note(f"dates: {text!r} is no date to Iterable")


def _note_order(call: Call, events: Sequence[Mapping[str, Any]]) -> None:
    """Add an observation if a request holds an event of a user after a later one: section 22."""
    latest: dict[str, float] = {}
    for event in events:
        name, at = call.note_user(event), event.get("createdAt")
        if at is not None and at < latest.get(name, at):
            call.note("order: an event of a user after a later one in a request")
        latest[name] = latest.get(name, 0) if at is None else at


def get_by_email(call: Call) -> Reply:
    return _reply_events(call, call.memory.find_by_email(call.get_value("email")))


def get_by_user_id(call: Call) -> Reply:
    return _reply_events(call, call.memory.find_by_user_id(call.get_value("userId")))


def _reply_events(call: Call, user: User | None) -> Reply:
    limit = call.get_number("limit", 30)
    if not 1 <= limit <= 200:
        raise bad_params("limit must be between 1 and 200")
    found = [
        {
            "id": id_,
            "eventName": event.name,
            "createdAt": event.created_at,
            "email": event.user.email,
            "dataFields": event.data,
        }
        for id_, event in call.memory.events.items()
        if event.user is user
    ]
    return Reply(200, {"events": found[:limit]})
