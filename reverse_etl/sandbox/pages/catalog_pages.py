"""The pages about catalogs, the types of their fields, and their items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.http.replies import ACTION_NOT_FOUND, Refusal, Reply
from reverse_etl.sandbox.pages.pages import PAGE_SIZE, asked_page, render

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call


def catalogs(call: Call) -> Reply:
    return render(call, "catalogs.html", catalogs=list(call.project.catalogs))


def one_catalog(call: Call) -> Reply:
    """The newest items in front, `page` counted from 1; `q` is searched in their ids."""
    catalog, page = call.project.catalogs.find(call.argument), asked_page(call)
    if catalog is None:
        raise Refusal(ACTION_NOT_FOUND)
    wanted, first = call.query.get("q", "").strip(), (page - 1) * PAGE_SIZE
    found = [item for item in reversed(catalog.items.values()) if wanted.lower() in item.key.lower()]
    shown = found[first : first + PAGE_SIZE]
    more = len(found) > first + PAGE_SIZE
    return render(call, "catalog.html", catalog=catalog, items=shown, q=wanted, page=page, more=more)
