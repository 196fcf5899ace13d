"""The page of all lists, and the page of one list with its members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.endpoints.lists.list_admin import find_list, sort_standard_first
from reverse_etl.sandbox.pages.rendering import PAGE_SIZE, read_page_number, render_page
from reverse_etl.sandbox.replies import ACTION_NOT_FOUND, Refusal, Reply

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call


def show_lists(call: Call) -> Reply:
    project = call.project
    lists = [(one, len(project.list_members(one))) for one in sort_standard_first(project.lists)]
    return render_page(call, "lists.html", lists=lists)


def show_list(call: Call) -> Reply:
    """Show a list. The users who joined last come first, `page` counts from 1."""
    project, user_list, page = call.project, find_list(call, call.argument), read_page_number(call)
    if user_list is None:
        raise Refusal(ACTION_NOT_FOUND)
    users = project.list_members(user_list)[::-1]
    first, memberships = (page - 1) * PAGE_SIZE, project.lists.get_memberships(user_list.id)
    rows = [
        (user, memberships[user.id].since if user.id in memberships else None)
        for user in users[first : first + PAGE_SIZE]
    ]
    more = len(users) > first + PAGE_SIZE
    return render_page(call, "list.html", list=user_list, member_count=len(users), rows=rows, page=page, more=more)
