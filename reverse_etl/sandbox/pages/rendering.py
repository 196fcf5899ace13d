"""Renders the HTML pages from their templates. Pages have no scripts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined

from reverse_etl.sandbox.endpoints.call import parse_number
from reverse_etl.sandbox.replies import Reply
from reverse_etl.sandbox.rules.dates import format_time

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call

PAGE_SIZE: Final = 50


def render_page(call: Call, template: str, **values: Any) -> Reply:
    """Return the page of a template. The frame of every page gets its values here."""
    project = call.project
    frame = {"options": project.options, "faults": project.faults, "total": len(project.users), "template": template}
    body = _get_environment().get_template(template).render(**frame, **values)
    return Reply(200, body.encode("utf-8", "replace"), "text/html; charset=utf-8")


def render_not_found(call: Call) -> Reply:
    """Return the page for a path that has no page, with a link to the overview."""
    return replace(render_page(call, "not_found.html", path=call.path), status=404)


def read_page_number(call: Call) -> int:
    """Return the page that the request asks for, counted from 1."""
    return max(1, parse_number(call.query.get("page", ""), 1))


@cache
def _get_environment() -> Environment:
    loader = PackageLoader("reverse_etl.sandbox.pages", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "date_time": _format_date_time,
        "window": _format_window,
        "json": lambda value: orjson.dumps(value).decode(),
    }
    return environment


def _format_date_time(seconds: float) -> str:
    return format_time(seconds).removesuffix(" +00:00")


def _format_window(seconds: int) -> str:
    """Return the window of a rate limit in words."""
    return {60: "a minute", 86_400: "a day"}.get(seconds, f"{seconds} s")
