"""The page of all events and purchases."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from reverse_etl.sandbox.pages.rendering import PAGE_SIZE, read_page_number, render_page

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.replies import Reply
    from reverse_etl.sandbox.state.events import Event
    from reverse_etl.sandbox.state.profile import Profile


def show_events(call: Call) -> Reply:
    """Show events, latest first. `q` is a part of a name, an id or an identifier of the user, `page` counts from 1."""
    project, page = call.project, read_page_number(call)
    search_text = call.query.get("q", "").strip().lower()
    latest_first = sorted(project.events, key=lambda one: (one.created, one.id), reverse=True)
    pairs = ((event, project.users[event.user]) for event in latest_first)
    first = (page - 1) * PAGE_SIZE
    matches = list(islice((pair for pair in pairs if _matches(*pair, search_text)), first, first + PAGE_SIZE + 1))
    return render_page(
        call,
        "events.html",
        events=matches[:PAGE_SIZE],
        more=len(matches) > PAGE_SIZE,
        page=page,
        q=search_text,
        queue_length=project.events.queue_length,
    )


def _matches(event: Event, user: Profile, search_text: str) -> bool:
    if not search_text:
        return True
    return any(search_text in str(text).lower() for text in (event.name, event.key, *user.get_identifiers().values()))
