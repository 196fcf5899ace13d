"""The page about events and purchases, whoever's they are."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from reverse_etl.sandbox.pages.pages import PAGE_SIZE, asked_page, render

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.http.replies import Reply
    from reverse_etl.sandbox.state.events import Event
    from reverse_etl.sandbox.state.profile import Profile


def events(call: Call) -> Reply:
    """Searched by `q` in name, id and user, `page` counted from 1, the latest events first."""
    project, page = call.project, asked_page(call)
    wanted = call.query.get("q", "").strip().lower()
    latest_first = sorted(project.events, key=lambda one: (one.created, one.id), reverse=True)
    pairs = ((event, project.users[event.user]) for event in latest_first)
    first = (page - 1) * PAGE_SIZE
    found = list(islice((pair for pair in pairs if _matches(*pair, wanted)), first, first + PAGE_SIZE + 1))
    return render(
        call,
        "events.html",
        events=found[:PAGE_SIZE],
        more=len(found) > PAGE_SIZE,
        page=page,
        q=wanted,
        waiting=project.events.waiting,
    )


def _matches(event: Event, user: Profile, wanted: str) -> bool:
    if not wanted:
        return True
    return any(wanted in str(text).lower() for text in (event.name, event.key, *user.identifiers().values()))
