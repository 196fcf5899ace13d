"""The pages about lists and who is on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.endpoints.lists.list_admin import find, static_first
from reverse_etl.sandbox.endpoints.lists.list_reads import members
from reverse_etl.sandbox.http.replies import ACTION_NOT_FOUND, Refusal, Reply
from reverse_etl.sandbox.pages.pages import PAGE_SIZE, asked_page, render

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call


def lists(call: Call) -> Reply:
    project = call.project
    return render(call, "lists.html", lists=[(one, len(members(project, one))) for one in static_first(project.lists)])


def one_list(call: Call) -> Reply:
    """Those who joined last in front, `page` counted from 1."""
    project, found, page = call.project, find(call, call.argument), asked_page(call)
    if found is None:
        raise Refusal(ACTION_NOT_FOUND)
    everyone = members(project, found)[::-1]
    first, since = (page - 1) * PAGE_SIZE, project.lists.members(found.id)
    shown = [(user, since[user.id].since if user.id in since else None) for user in everyone[first : first + PAGE_SIZE]]
    more = len(everyone) > first + PAGE_SIZE
    return render(call, "list.html", list=found, members=len(everyone), shown=shown, page=page, more=more)
