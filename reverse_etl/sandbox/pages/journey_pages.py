"""The page of all journeys, with the entries of users."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from reverse_etl.sandbox.pages.rendering import PAGE_SIZE, read_page_number, render_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.replies import Reply
    from reverse_etl.sandbox.rules.journeys import Journey
    from reverse_etl.sandbox.state.journeys import JourneyEntry
    from reverse_etl.sandbox.state.project import Project


def show_journeys(call: Call) -> Reply:
    """Show the journeys with their counts, and the entries, latest first. `page` counts from 1."""
    project, page = call.project, read_page_number(call)
    first = (page - 1) * PAGE_SIZE
    latest = list(islice(reversed(list(project.journeys)), first, first + PAGE_SIZE + 1))
    return render_page(
        call,
        "journeys.html",
        journeys=[
            (one, describe_start(one), describe_limits(one), *project.journeys.count(one))
            for one in project.journeys.journeys.values()
        ],
        entries=describe_entries(project, latest[:PAGE_SIZE]),
        more=len(latest) > PAGE_SIZE,
        page=page,
    )


def describe_entries(project: Project, entries: Iterable[JourneyEntry]) -> list[tuple[JourneyEntry, str, Any, bool]]:
    """Return each entry with the name of its journey, its user, and whether its request is still in the log."""
    return [
        (
            entry,
            project.journeys.get_name(entry.journey),
            project.users[entry.user],
            project.requests.find(entry.request) is not None,
        )
        for entry in entries
    ]


def describe_start(journey: Journey) -> str:
    """Return what starts a journey, in words."""
    names = f": {', '.join(journey.of)}" if journey.of else ""
    return journey.starts_with.replace("_", " ") + names


def describe_limits(journey: Journey) -> str:
    """Return the limits of a journey, in words."""
    limits = {"per user": journey.lifetime_limit, "at the same time": journey.simultaneous_limit}
    return ", ".join(f"{limit} {words}" for words, limit in limits.items() if limit is not None) or "none"
