"""GET journeys, and the sandbox's own record of the journeys that requests would have started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.endpoints.paging import parse_page_request
from reverse_etl.sandbox.replies import Reply, reply_json
from reverse_etl.sandbox.rules.dates import format_time

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call


def list_journeys(call: Call) -> Reply:
    """Return one page of journeys by id. Archived ones are returned only with `state=Archived`."""
    page, project = parse_page_request(call, 50), call.project
    archived = call.query.get("state") == "Archived"
    found = sorted((one for one in project.journeys.journeys.values() if one.archived is archived), key=lambda o: o.id)
    system_names = project.options.behaviour.journey_event_names == "named"
    journeys = [one.to_api(system_names=system_names) for one in page.slice_entries(found)]
    urls = page.build_urls(call, len(found))
    return reply_json({"journeys": journeys, "totalJourneysCount": len(found), **urls})


def list_entries(call: Call) -> Reply:
    """Return the entries of all users, oldest first."""
    project = call.project
    return reply_json(
        [
            {
                "journey": project.journeys.get_name(entry.journey),
                **project.users[entry.user].get_identifiers(),
                "cause": entry.cause,
                "time": format_time(entry.time),
                "request": entry.request,
                "entered": not entry.kept_out,
                "keptOut": entry.kept_out,
            }
            for entry in project.journeys
        ]
    )
