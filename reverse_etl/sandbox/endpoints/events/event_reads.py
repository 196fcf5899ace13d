"""GET events of one user, and all events as JSON of the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints.call import parse_number
from reverse_etl.sandbox.plurals import pluralize
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_json
from reverse_etl.sandbox.rules.dates import format_time
from reverse_etl.sandbox.rules.identity import is_valid_email
from reverse_etl.sandbox.state.profile import CART_FIELD, Profile

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.state.events import Event
    from reverse_etl.sandbox.state.project import Project

DEFAULT_LIMIT: Final = 30


def get_by_email(call: Call) -> Reply:
    """Return the events of a user. An unknown e-mail has no events."""
    profile = call.project.email_index.find_first(call.argument.lower())
    if profile is None and not is_valid_email(call.argument):
        raise ApiRefusal(400, "InvalidEmailAddressError", f"Invalid email: {call.argument}")
    return _reply_latest(call, profile)


def get_by_user_id(call: Call) -> Reply:
    return _reply_latest(call, call.project.user_id_index.find_first(call.argument))


def list_custom_events(call: Call) -> Reply:
    """Return every applied event except purchases, in the order in which they first came."""
    project = call.project
    events = (event for event in project.events if event.type == "customEvent")
    return reply_json([{"id": event.key, "eventName": event.name, **_format_event(project, event)} for event in events])


def list_purchases(call: Call) -> Reply:
    """Return every purchase, in the order in which they first came."""
    project = call.project
    return reply_json(
        [
            {
                "id": event.key,
                **_format_event(project, event),
                "total": event.purchase_fields["total"],
                "items": event.purchase_fields[CART_FIELD],
            }
            for event in project.events
            if event.type == "purchase"
        ]
    )


def _reply_latest(call: Call, profile: Profile | None) -> Reply:
    limit = _read_limit(call)
    if profile is None:
        return reply_json({"events": []}, "no such user")
    events = call.project.events.list_latest_of(profile)[:limit]
    events_json = [event.to_api(profile.get_identifiers()) for event in events]
    return reply_json({"events": events_json}, pluralize(len(events), "event"))


def _read_limit(call: Call) -> int:
    maximum = call.project.options.behaviour.max_events_read
    limit = parse_number(call.query.get("limit", str(DEFAULT_LIMIT)), 0)
    if not 1 <= limit <= maximum:
        raise ApiRefusal(400, "BadParams", f"limit must be between 1 and {maximum}")
    return limit


def _format_event(project: Project, event: Event) -> dict[str, Any]:
    return {
        **project.users[event.user].get_identifiers(),
        "createdAt": format_time(event.created),
        "dataFields": event.data,
        "campaignId": event.campaign_id,
        "templateId": event.template_id,
    }
