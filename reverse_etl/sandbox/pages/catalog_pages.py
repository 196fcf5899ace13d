"""The page of all catalogs, and the page of one catalog with its fields and items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.pages.rendering import PAGE_SIZE, read_page_number, render_page
from reverse_etl.sandbox.replies import ACTION_NOT_FOUND, Refusal, Reply

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call


def show_catalogs(call: Call) -> Reply:
    return render_page(call, "catalogs.html", catalogs=list(call.project.catalogs))


def show_catalog(call: Call) -> Reply:
    """Show a catalog, newest items first. `q` is a part of an item's id, `page` counts from 1."""
    catalog, page = call.project.catalogs.find(call.argument), read_page_number(call)
    if catalog is None:
        raise Refusal(ACTION_NOT_FOUND)
    search_text, first = call.query.get("q", "").strip(), (page - 1) * PAGE_SIZE
    matches = [item for item in reversed(catalog.items.values()) if search_text.lower() in item.key.lower()]
    items = matches[first : first + PAGE_SIZE]
    more = len(matches) > first + PAGE_SIZE
    return render_page(call, "catalog.html", catalog=catalog, items=items, q=search_text, page=page, more=more)
