"""GET events of one user, and all events as the sandbox tells them. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.counting import plural
from reverse_etl.sandbox.http.call import number
from reverse_etl.sandbox.http.replies import Reply, refusal, resource
from reverse_etl.sandbox.rules.dates import written
from reverse_etl.sandbox.rules.identity import valid_email
from reverse_etl.sandbox.state.profile import CART, Profile

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.state.events import Event
    from reverse_etl.sandbox.state.project import Project

READ_WITHOUT_LIMIT: Final = 30


def by_email(call: Call) -> Reply:
    """Nobody of that e-mail has no events."""
    profile = call.project.emails.first(call.argument.lower())
    if profile is None and not valid_email(call.argument):
        raise refusal(400, "InvalidEmailAddressError", f"Invalid email: {call.argument}")
    return _latest(call, profile)


def by_user_id(call: Call) -> Reply:
    return _latest(call, call.project.user_ids.first(call.argument))


def custom_events(call: Call) -> Reply:
    """Every event that has been applied, purchases apart, in the order in which they came first."""
    project = call.project
    events = (event for event in project.events if event.type == "customEvent")
    return resource([{"id": event.key, "eventName": event.name, **_told(project, event)} for event in events])


def purchases(call: Call) -> Reply:
    """Likewise."""
    project = call.project
    events = (event for event in project.events if event.type == "purchase")
    return resource(
        [
            {"id": event.key, **_told(project, event), "total": event.beside["total"], "items": event.beside[CART]}
            for event in events
        ]
    )


def _latest(call: Call, profile: Profile | None) -> Reply:
    limit = _limit(call)
    if profile is None:
        return resource({"events": []}, "no such user")
    events = call.project.events.of(profile)[:limit]
    return resource(
        {"events": [event.as_read(profile.identifiers()) for event in events]}, plural(len(events), "event")
    )


def _limit(call: Call) -> int:
    highest = call.project.options.behaviour.max_events_read
    limit = number(call.query.get("limit", str(READ_WITHOUT_LIMIT)), 0)
    if not 1 <= limit <= highest:
        raise refusal(400, "BadParams", f"limit must be between 1 and {highest}")
    return limit


def _told(project: Project, event: Event) -> dict[str, Any]:
    return {
        **project.users[event.user].identifiers(),
        "createdAt": written(event.created),
        "dataFields": event.data,
        "campaignId": event.campaign_id,
        "templateId": event.template_id,
    }
