"""The pages about the last requests: the log, searched by path and status, and one request with its reply."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from reverse_etl.sandbox.http.call import number
from reverse_etl.sandbox.http.replies import ACTION_NOT_FOUND, Refusal, Reply
from reverse_etl.sandbox.http.request_log import runs_of
from reverse_etl.sandbox.pages.pages import PAGE_SIZE, asked_page, render

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.http.request_log import LoggedRequest
    from reverse_etl.sandbox.state.profile import Profile

REFUSED: Final = "refused"


def requests(call: Call) -> Reply:
    """Latest first, `page` counted from 1; `path` is a part of the path, `status` a number, `refused`, or any."""
    log, page = call.project.requests, asked_page(call)
    path, status = call.query.get("path", "").strip(), call.query.get("status", "")
    first = (page - 1) * PAGE_SIZE
    found = list(islice((one for one in reversed(log) if _wanted(one, path, status)), first, first + PAGE_SIZE + 1))
    statuses = sorted({one.status for one in log})
    query = {"path": path, "status": status}
    return render(
        call,
        "requests.html",
        runs=runs_of(reversed(found[:PAGE_SIZE])),
        more=len(found) > PAGE_SIZE,
        page=page,
        query=query,
        statuses=statuses,
    )


def request(call: Call) -> Reply:
    log, asked = call.project.requests, number(call.argument, 0)
    entry = log.get(asked)
    if entry is None:
        raise Refusal(ACTION_NOT_FOUND)
    return render(
        call,
        "request.html",
        request=entry,
        refused=[(name, _user_of(call, name)) for name in entry.refused],
        earlier=log.get(asked - 1),
        later=log.get(asked + 1),
    )


def _user_of(call: Call, identifier: str) -> Profile | None:
    return call.project.emails.first(identifier.lower()) or call.project.user_ids.first(identifier)


def _wanted(entry: LoggedRequest, path: str, status: str) -> bool:
    fits = not status or (entry.is_refused if status == REFUSED else str(entry.status) == status)
    return fits and path.lower() in entry.path.lower()
