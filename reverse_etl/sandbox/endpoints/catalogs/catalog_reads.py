"""Reading catalog items: one by its id, or all page by page in the order of a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from reverse_etl.sandbox.endpoints.catalogs.catalog_admin import read
from reverse_etl.sandbox.http import paging
from reverse_etl.sandbox.http.replies import Reply, framework_refusal, refusal, resource
from reverse_etl.sandbox.rules.catalog_rules import document_size, known_catalog, require_name
from reverse_etl.sandbox.rules.catalog_types import value_at
from reverse_etl.sandbox.rules.dates import stored_date

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.state.catalogs import Catalog, Item

# The most that Iterable's own client asks for; the API documents none.
_LARGEST_PAGE: Final = 1000
# The status is documented, the code is not; it is made after that of an unknown catalog.
_NO_SUCH_ITEM: Final = "error.catalogs.itemNotFound"


def items(call: Call) -> Reply:
    catalog, asked = known_catalog(call), paging.asked(call, _LARGEST_PAGE)
    ordered = _ordered(call, catalog)
    shown = [_shown(catalog, item) for item in asked.cut(ordered)]
    content = {"catalogItemsWithProperties": shown, "totalItemsCount": len(ordered)}
    return read(call, content, asked.urls(call, len(ordered)))


def item(call: Call) -> Reply:
    catalog, key = known_catalog(call), call.argument
    require_name(key, "item ID")
    if key not in catalog.items:
        message = f"No catalog item at specified location: {catalog.name}/{key}"
        raise framework_refusal(404, "NotFound", _NO_SUCH_ITEM, message, [catalog.name, key])
    shown = _shown(catalog, catalog.items[key])
    return resource(shown) if call.project.options.behaviour.catalog_item_reads == "flat" else read(call, shown)


def _ordered(call: Call, catalog: Catalog) -> list[Item]:
    """Items that have no searchable value in the field come last; without a field to order by, the oldest first."""
    by, ascending = call.query.get("orderBy"), _flag(call, "sortAscending")
    if by is None:
        return list(catalog.items.values())
    if ascending is not None and by not in catalog.types:
        raise refusal(400, "BadParams", f"Field {by} has no type, so that sortAscending cannot be used with it")
    found = [item for item in catalog.items.values() if by in item.searchable]
    rest = [item for item in catalog.items.values() if by not in item.searchable]
    kind = catalog.types.get(by, "string")
    return sorted(found, key=lambda item: _rank(kind, value_at(item.value, by)), reverse=not ascending) + rest


def _rank(kind: str, value: Any) -> tuple[float, str]:
    """How a value sorts among those of its type; an array by its first element."""
    first = next((one for one in value if one is not None), None) if type(value) is list else value
    if isinstance(first, (int, float)):
        return float(first), ""
    if isinstance(first, str):
        return 0.0, (stored_date(first) or first) if kind == "date" else first
    return 0.0, orjson.dumps(first).decode()


def _flag(call: Call, name: str) -> bool | None:
    text = call.query.get(name)
    if text not in {None, "true", "false"}:
        raise refusal(400, "BadParams", f"Invalid {name}: {text} (true or false)")
    return None if text is None else text == "true"


def _shown(catalog: Catalog, item: Item) -> dict[str, Any]:
    return {
        "catalogName": catalog.name,
        "itemId": item.key,
        "size": document_size(item.value),
        "lastModified": int(item.modified * 1000),
        "value": item.value,
    }
