"""The pages for people who want to look at what a sync did: server-rendered, without scripts. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined

from reverse_etl.sandbox.http.call import number
from reverse_etl.sandbox.http.replies import ACTION_NOT_FOUND, Refusal, Reply
from reverse_etl.sandbox.http.request_log import runs_of
from reverse_etl.sandbox.pages.user_history import changed_parts
from reverse_etl.sandbox.rules.dates import written
from reverse_etl.sandbox.rules.faults import FAULTS
from reverse_etl.sandbox.rules.fields import MANAGED
from reverse_etl.sandbox.rules.limits import RATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.options import SandboxOptions
    from reverse_etl.sandbox.state.profile import Profile

PAGE_SIZE: Final = 50
EVENTS_SHOWN: Final = 20
REQUESTS_SHOWN: Final = 20
RUNS_SHOWN: Final = 5


def overview(call: Call) -> Reply:
    """What the project holds, the last runs, and its users."""
    project = call.project
    totals = {
        "Users": ("/users", len(project.users)),
        "Events": ("/events", len(project.events)),
        "Lists": ("/lists", sum(1 for _ in project.lists)),
        "Catalogs": ("/catalogs", sum(1 for _ in project.catalogs)),
        "Fields": ("/fields", len(project.fields.custom)),
        "Requests": ("/requests", len(project.requests)),
        "Refused": ("/requests?status=refused", sum(one.is_refused for one in project.requests)),
    }
    return _users(call, "overview.html", totals=totals, runs=runs_of(project.requests)[:RUNS_SHOWN])


def users(call: Call) -> Reply:
    """Searched by `q` in e-mail and userId, `page` counted from 1, the latest users in front."""
    return _users(call, "users.html")


def not_found(call: Call) -> Reply:
    """The answer to a person who asks for a page that does not exist, with a way back."""
    return replace(render(call, "not_found.html", path=call.path), status=404)


def is_api(path: str) -> bool:
    """Whether a path is for programs, which are answered as Iterable answers."""
    return path.startswith(("/api/", "/sandbox/", "/exports/"))


def _users(call: Call, template: str, **values: Any) -> Reply:
    wanted, page = call.query.get("q", "").strip().lower(), asked_page(call)
    first = (page - 1) * PAGE_SIZE
    found = list(islice(_matching(reversed(call.project.users.values()), wanted), first, first + PAGE_SIZE + 1))
    more = len(found) > PAGE_SIZE
    return render(call, template, users=found[:PAGE_SIZE], q=wanted, page=page, more=more, **values)


def user(call: Call) -> Reply:
    profile = call.project.users.get(number(call.argument, 0))
    if profile is None:
        raise Refusal(ACTION_NOT_FOUND)
    events = call.project.events.of(profile)
    named = ((change, list(changed_parts(change.fields, call.project.lists.name))) for change in profile.history)
    return render(
        call,
        "user.html",
        user=profile,
        lists=list(call.project.lists.of_user(profile)),
        events=events[:EVENTS_SHOWN],
        more=len(events) > EVENTS_SHOWN,
        cart=profile.cart(),
        chosen=_chosen(call.project.options, profile),
        history=list(named),
        refused=call.project.requests.refused(profile.identifiers().values())[:REQUESTS_SHOWN],
    )


def fields(call: Call) -> Reply:
    """Those of users and those of events."""
    project, behaviour = call.project, call.project.options.behaviour
    return render(
        call,
        "fields.html",
        custom=sorted(project.fields.custom.items()),
        managed=sorted(MANAGED.items()),
        limit=behaviour.field_limit,
        events=sorted(project.events.fields.types.items()),
        event_count=project.events.fields.count(),
        event_limit=behaviour.event_field_limit,
    )


def limits(call: Call) -> Reply:
    in_use = call.project.limits.state(call.project.clock())
    return render(call, "limits.html", in_use=in_use, rates=sorted(RATES.items()), meanings=FAULTS)


def asked_page(call: Call) -> int:
    """Counted from 1."""
    return max(1, number(call.query.get("page", ""), 1))


def _chosen(options: SandboxOptions, profile: Profile) -> list[tuple[str, list[str]]]:
    """What a user refused or asked for, in words; empty when nothing."""
    if profile.preferences is None:
        return []
    names = {one.id: one.name for one in options.channels} | {one.id: one.name for one in options.message_types}
    told = {
        "Unsubscribed channels": profile.preferences.unsubscribed_channels,
        "Unsubscribed message types": profile.preferences.unsubscribed_message_types,
        "Subscribed message types": profile.preferences.subscribed_message_types,
    }
    return [(what, [f"{names.get(one, '')} ({one})" for one in ids]) for what, ids in told.items() if ids]


def _matching(profiles: Iterable[Profile], wanted: str) -> Iterable[Profile]:
    for profile in profiles:
        if not wanted or any(wanted in str(value).lower() for value in profile.identifiers().values()):
            yield profile


def render(call: Call, template: str, **values: Any) -> Reply:
    """A page of a template, with what the frame around every page shows."""
    project = call.project
    known = {"options": project.options, "faults": project.faults, "total": len(project.users), "place": template}
    body = _environment().get_template(template).render(**known, **values)
    return Reply(200, body.encode("utf-8", "replace"), "text/html; charset=utf-8")


@cache
def _environment() -> Environment:
    loader = PackageLoader("reverse_etl.sandbox.pages", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"moment": _moment, "span": _span, "json": lambda value: orjson.dumps(value).decode()}
    return environment


def _moment(seconds: float) -> str:
    return written(seconds).removesuffix(" +00:00")


def _span(seconds: int) -> str:
    """A window of a rate limit, in words."""
    return {60: "a minute", 86_400: "a day"}.get(seconds, f"{seconds} s")
