"""GET catalog items: one by its id, or pages of all items, ordered by a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from reverse_etl.sandbox.endpoints import paging
from reverse_etl.sandbox.endpoints.catalogs.catalog_admin import reply_catalog_read
from reverse_etl.sandbox.endpoints.catalogs.catalog_checks import count_document_bytes, require_catalog, require_name
from reverse_etl.sandbox.replies import ApiRefusal, FrameworkRefusal, Reply, reply_json
from reverse_etl.sandbox.rules.catalog_types import read_path
from reverse_etl.sandbox.rules.dates import normalize_date

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.state.catalogs import Catalog, CatalogItem

# The most that Iterable's own client requests. The API documents no maximum.
_MAX_PAGE_SIZE: Final = 1000
# The status is documented, the code is not. It follows the code of an unknown catalog.
_ITEM_NOT_FOUND: Final = "error.catalogs.itemNotFound"


def list_items(call: Call) -> Reply:
    catalog, page = require_catalog(call), paging.parse_page_request(call, _MAX_PAGE_SIZE)
    items = _order_items(call, catalog)
    page_items = [_format_item(catalog, item) for item in page.slice_entries(items)]
    content = {"catalogItemsWithProperties": page_items, "totalItemsCount": len(items)}
    return reply_catalog_read(call, content, page.build_urls(call, len(items)))


def get_item(call: Call) -> Reply:
    catalog, key = require_catalog(call), call.argument
    require_name(key, "item ID")
    if key not in catalog.items:
        message = f"No catalog item at specified location: {catalog.name}/{key}"
        raise FrameworkRefusal(404, "NotFound", _ITEM_NOT_FOUND, message, [catalog.name, key])
    content = _format_item(catalog, catalog.items[key])
    is_flat = call.project.options.behaviour.catalog_item_reads == "flat"
    return reply_json(content) if is_flat else reply_catalog_read(call, content)


def _order_items(call: Call, catalog: Catalog) -> list[CatalogItem]:
    """Return the items in the requested order, without one the oldest first.

    Items without a searchable value in the field come last.
    """
    field, ascending = call.query.get("orderBy"), _parse_flag(call, "sortAscending")
    if field is None:
        return list(catalog.items.values())
    if ascending is not None and field not in catalog.types:
        text = f"Field {field} has no type, so sortAscending cannot be used with it"
        raise ApiRefusal(400, "BadParams", text)
    searchable = [item for item in catalog.items.values() if field in item.searchable]
    others = [item for item in catalog.items.values() if field not in item.searchable]
    type_ = catalog.types.get(field, "string")
    searchable.sort(key=lambda item: _make_sort_key(type_, read_path(item.value, field)), reverse=not ascending)
    return searchable + others


def _make_sort_key(type_: str, value: Any) -> tuple[float, str]:
    """Return the sort key of a value among values of its type. The first element stands for an array."""
    first = next((one for one in value if one is not None), None) if type(value) is list else value
    if isinstance(first, (int, float)):
        return float(first), ""
    if isinstance(first, str):
        return 0.0, (normalize_date(first) or first) if type_ == "date" else first
    return 0.0, orjson.dumps(first).decode()


def _parse_flag(call: Call, name: str) -> bool | None:
    text = call.query.get(name)
    if text not in {None, "true", "false"}:
        raise ApiRefusal(400, "BadParams", f"Invalid {name}: {text} (true or false)")
    return None if text is None else text == "true"


def _format_item(catalog: Catalog, item: CatalogItem) -> dict[str, Any]:
    return {
        "catalogName": catalog.name,
        "itemId": item.key,
        "size": count_document_bytes(item.value),
        "lastModified": int(item.modified * 1000),
        "value": item.value,
    }
