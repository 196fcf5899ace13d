"""Catalog items: sections 11.2 and 11.3. One wrong document refuses the whole request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.reference_iterable.endpoints.catalogs import NAME, check_field_names, reply_page, reply_read, require_catalog
from tests.reference_iterable.project_memory import Catalog
from tests.reference_iterable.replies import Refusal, Reply, bad_params, batch_too_large, framework_error, reply_success
from tests.reference_iterable.request import Call
from tests.reference_iterable.rules.bodies import BOOLEAN, OBJECT, STRING
from tests.reference_iterable.rules.fields import list_odd_dates, list_possible_types

MOST_DOCUMENTS, MOST_BYTES = 1000, 30_000


def list_items(call: Call) -> Reply:
    catalog = require_catalog(call)
    order = call.values.get("orderBy")
    if order is not None and order not in catalog.types:
        raise bad_params(f"orderBy needs a typed field, and {order} is none")
    shown, urls = reply_page(call, [_format_item(catalog, id_) for id_ in catalog.items], 1000)
    return reply_read(call, {"catalogItemsWithProperties": shown, "totalItemsCount": len(catalog.items), **urls})


def _format_item(catalog: Catalog, id_: str) -> dict[str, Any]:
    value = catalog.items[id_]
    size = len(json.dumps(value))
    modified = catalog.modified[id_]
    return {"catalogName": catalog.name, "itemId": id_, "size": size, "lastModified": modified, "value": value}


def bulk_update_items(call: Call) -> Reply:
    catalog = require_catalog(call)
    body = call.check_body({"documents!": {"*": OBJECT}, "replaceUploadedFieldsOnly!": BOOLEAN})
    documents: dict[str, dict[str, Any]] = body["documents"]
    if len(documents) > MOST_DOCUMENTS:
        call.note(f"count: {len(documents)} documents in one request")
        raise Refusal(batch_too_large(MOST_DOCUMENTS))
    call.check_batch([{"userId": id_} for id_ in documents])
    for id_, document in documents.items():
        _check_document(call, catalog, id_, document)
    for id_, document in documents.items():
        _store_item(call, catalog, id_, document, merges=body["replaceUploadedFieldsOnly"])
    return _reply_written(call, f"Request to bulk-upload documents into {catalog.name} processed successfully")


def _reply_written(call: Call, msg: str, params: object = None) -> Reply:
    return reply_success(msg, params, call.memory.settings.catalog_status)


def _check_document(call: Call, catalog: Catalog, id_: str, document: Mapping[str, Any]) -> None:
    _check_id(call, id_)
    size = len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MOST_BYTES:
        raise bad_params(f"Item {id_} has {size} bytes, more than {MOST_BYTES}")
    check_field_names(catalog, list(document))
    for text in list_odd_dates(document):
        call.note(f"dates: {text!r} is no date to Iterable")
    for name, value in document.items():
        types = list_possible_types(name, value)
        if name in catalog.types and types and catalog.types[name] not in types:
            call.note(f"catalogs: field {name} is {catalog.types[name]}, and an item has a {types[0]}")


def _check_id(call: Call, id_: str) -> str:
    if not NAME.fullmatch(id_) or id_ in call.refused:
        raise bad_params(f"Invalid item id: {id_}")
    return id_


def _store_item(call: Call, catalog: Catalog, id_: str, document: Mapping[str, Any], *, merges: bool) -> None:
    """Replace the item and keep nulls, or merge the given fields, where a null removes its field."""
    if merges:
        merged = {**catalog.items.get(id_, {}), **document}
        catalog.items[id_] = {name: value for name, value in merged.items() if value is not None}
    else:
        catalog.items[id_] = dict(document)
    catalog.modified[id_] = int(call.memory.clock() * 1000)
    call.memory.applied.append((id_, dict(document)))


def bulk_delete_items(call: Call) -> Reply:
    catalog = require_catalog(call)
    ids: list[str] = call.check_body({"itemIds!": [STRING]})["itemIds"]
    call.check_batch([{"userId": id_} for id_ in ids])
    for id_ in ids:
        _check_id(call, id_)
    for id_ in ids:
        _remove_item(call, catalog, id_)
    return _reply_written(call, f"Successfully received request to delete {len(ids)} items from catalog {catalog.name}")


def _remove_item(call: Call, catalog: Catalog, id_: str) -> None:
    catalog.items.pop(id_, None)
    catalog.modified.pop(id_, None)
    call.memory.deleted.append(id_)


def get_item(call: Call) -> Reply:
    catalog, id_ = require_catalog(call), _check_id(call, call.get_value("item"))
    if id_ not in catalog.items:
        return framework_error(404, "NotFound", "error.catalogs.itemNotFound", id_)
    return reply_read(call, _format_item(catalog, id_))


def replace_item(call: Call) -> Reply:
    return _write_item(call, call.check_body({"value!": OBJECT})["value"], merges=False)


def update_item(call: Call) -> Reply:
    return _write_item(call, call.check_body({"update!": OBJECT})["update"], merges=True)


def _write_item(call: Call, document: dict[str, Any], *, merges: bool) -> Reply:
    catalog, id_ = require_catalog(call), call.get_value("item")
    _check_document(call, catalog, id_, document)
    call.note_user({"userId": id_})
    _store_item(call, catalog, id_, document, merges=merges)
    url = f"/api/catalogs/{catalog.name}/items/{id_}"
    return _reply_written(call, "", {"catalogName": catalog.name, "itemId": id_, "url": url})


def delete_item(call: Call) -> Reply:
    catalog, id_ = require_catalog(call), _check_id(call, call.get_value("item"))
    _remove_item(call, catalog, id_)
    return _reply_written(call, f"Received request to deleted item ID {id_} from catalog {catalog.name}")
