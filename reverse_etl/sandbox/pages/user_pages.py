"""The overview, the page of all users, and the page of one user."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints.call import parse_number
from reverse_etl.sandbox.pages.journey_pages import describe_entries
from reverse_etl.sandbox.pages.rendering import PAGE_SIZE, read_page_number, render_page
from reverse_etl.sandbox.pages.user_history import iterate_changed_parts
from reverse_etl.sandbox.replies import ACTION_NOT_FOUND, Refusal, Reply
from reverse_etl.sandbox.state.request_log import group_by_run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.options import SandboxOptions
    from reverse_etl.sandbox.state.profile import Profile

MAX_EVENTS: Final = 20
MAX_ENTRIES: Final = 20
MAX_REQUESTS: Final = 20
MAX_RUNS: Final = 5


def show_overview(call: Call) -> Reply:
    """Show the totals of the project, the last runs, and the users."""
    project = call.project
    totals = {
        "Users": ("/users", len(project.users)),
        "Events": ("/events", len(project.events)),
        "Lists": ("/lists", sum(1 for _ in project.lists)),
        "Catalogs": ("/catalogs", sum(1 for _ in project.catalogs)),
        "Fields": ("/fields", len(project.field_types.custom)),
        "Requests": ("/requests", len(project.requests)),
        "Refused": ("/requests?status=refused", sum(one.is_refused for one in project.requests)),
    }
    return _show_users(call, "overview.html", totals=totals, runs=group_by_run(project.requests)[:MAX_RUNS])


def show_users(call: Call) -> Reply:
    """Show the users, newest first. `q` is a part of an e-mail or userId, `page` counts from 1."""
    return _show_users(call, "users.html")


def show_user(call: Call) -> Reply:
    project = call.project
    profile = project.users.get(parse_number(call.argument, 0))
    if profile is None:
        raise Refusal(ACTION_NOT_FOUND)
    events, entries = project.events.list_latest_of(profile), project.journeys.list_latest_of(profile)
    history = [
        (change, list(iterate_changed_parts(change.fields, project.lists.get_name))) for change in profile.history
    ]
    return render_page(
        call,
        "user.html",
        user=profile,
        lists=list(project.lists.iterate_lists_of(profile)),
        events=events[:MAX_EVENTS],
        more=len(events) > MAX_EVENTS,
        entries=describe_entries(project, entries[:MAX_ENTRIES]),
        more_entries=len(entries) > MAX_ENTRIES,
        cart=profile.list_cart_items(),
        preferences=_describe_preferences(project.options, profile),
        history=history,
        refused=project.requests.list_refused(profile.get_identifiers().values())[:MAX_REQUESTS],
    )


def _show_users(call: Call, template: str, **values: Any) -> Reply:
    search_text, page = call.query.get("q", "").strip().lower(), read_page_number(call)
    first = (page - 1) * PAGE_SIZE
    matches = _iterate_matching(reversed(call.project.users.values()), search_text)
    users = list(islice(matches, first, first + PAGE_SIZE + 1))
    more = len(users) > PAGE_SIZE
    return render_page(call, template, users=users[:PAGE_SIZE], q=search_text, page=page, more=more, **values)


def _describe_preferences(options: SandboxOptions, profile: Profile) -> list[tuple[str, list[str]]]:
    """Return the user's channels and message types by name, for every kind that is not empty."""
    if profile.preferences is None:
        return []
    names = {one.id: one.name for one in options.channels} | {one.id: one.name for one in options.message_types}
    ids_by_title = {
        "Unsubscribed channels": profile.preferences.unsubscribed_channels,
        "Unsubscribed message types": profile.preferences.unsubscribed_message_types,
        "Subscribed message types": profile.preferences.subscribed_message_types,
    }
    return [(title, [f"{names.get(id_, '')} ({id_})" for id_ in ids]) for title, ids in ids_by_title.items() if ids]


def _iterate_matching(profiles: Iterable[Profile], search_text: str) -> Iterable[Profile]:
    for profile in profiles:
        if not search_text or any(search_text in str(value).lower() for value in profile.get_identifiers().values()):
            yield profile
