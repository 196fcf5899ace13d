"""The page of the last requests, and the page of one request with its response."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from reverse_etl.sandbox.endpoints.call import parse_number
from reverse_etl.sandbox.pages.rendering import PAGE_SIZE, read_page_number, render_page
from reverse_etl.sandbox.replies import ACTION_NOT_FOUND, Refusal, Reply
from reverse_etl.sandbox.state.request_log import group_by_run

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.request_log import LoggedRequest

REFUSED_STATUS: Final = "refused"


def show_requests(call: Call) -> Reply:
    """Show requests, latest first. `path` is a part of a path, `status` a number or `refused`, `page` counts from 1."""
    log, page = call.project.requests, read_page_number(call)
    path, status = call.query.get("path", "").strip(), call.query.get("status", "")
    first = (page - 1) * PAGE_SIZE
    matches = list(islice((one for one in reversed(log) if _matches(one, path, status)), first, first + PAGE_SIZE + 1))
    statuses = sorted({one.status for one in log})
    query = {"path": path, "status": status}
    return render_page(
        call,
        "requests.html",
        runs=group_by_run(reversed(matches[:PAGE_SIZE])),
        more=len(matches) > PAGE_SIZE,
        page=page,
        query=query,
        statuses=statuses,
    )


def show_request(call: Call) -> Reply:
    log, number = call.project.requests, parse_number(call.argument, 0)
    request = log.find(number)
    if request is None:
        raise Refusal(ACTION_NOT_FOUND)
    return render_page(
        call,
        "request.html",
        request=request,
        refused=[(identifier, _find_user(call, identifier)) for identifier in request.refused],
        earlier=log.find(number - 1),
        later=log.find(number + 1),
    )


def _find_user(call: Call, identifier: str) -> Profile | None:
    project = call.project
    return project.email_index.find_first(identifier.lower()) or project.user_id_index.find_first(identifier)


def _matches(request: LoggedRequest, path: str, status: str) -> bool:
    has_status = request.is_refused if status == REFUSED_STATUS else status in {"", str(request.status)}
    return has_status and path.lower() in request.path.lower()
