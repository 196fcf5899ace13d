"""Items of catalogs: sections 11.2 and 11.3. What is wrong with one document refuses the whole request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.reference_iterable.bodies import BOOLEAN, OBJECT, STRING
from tests.reference_iterable.catalogs import NAME, known, page, read, refuse_fields
from tests.reference_iterable.fields import candidates, odd_dates
from tests.reference_iterable.project_memory import Catalog
from tests.reference_iterable.replies import Refused, Reply, bad_params, batch_too_large, framework_error, success
from tests.reference_iterable.request import Call

MOST_DOCUMENTS, MOST_BYTES = 1000, 30_000


def get_all(call: Call) -> Reply:
    catalog = known(call)
    order = call.values.get("orderBy")
    if order is not None and order not in catalog.types:
        raise bad_params(f"orderBy needs a typed field, and {order} is none")
    shown, urls = page(call, [_shown(catalog, id_) for id_ in catalog.items], 1000)
    return read(call, {"catalogItemsWithProperties": shown, "totalItemsCount": len(catalog.items), **urls})


def _shown(catalog: Catalog, id_: str) -> dict[str, Any]:
    value = catalog.items[id_]
    size = len(json.dumps(value))
    modified = catalog.modified[id_]
    return {"catalogName": catalog.name, "itemId": id_, "size": size, "lastModified": modified, "value": value}


def bulk_update(call: Call) -> Reply:
    catalog = known(call)
    body = call.check({"documents!": {"*": OBJECT}, "replaceUploadedFieldsOnly!": BOOLEAN})
    documents: dict[str, dict[str, Any]] = body["documents"]
    if len(documents) > MOST_DOCUMENTS:
        call.note(f"count: {len(documents)} documents in one request")
        raise Refused(batch_too_large(MOST_DOCUMENTS))
    call.batch([{"userId": id_} for id_ in documents])
    for id_, document in documents.items():
        _refuse(call, catalog, id_, document)
    for id_, document in documents.items():
        _put(call, catalog, id_, document, merges=body["replaceUploadedFieldsOnly"])
    return _written(call, f"Request to bulk-upload documents into {catalog.name} processed successfully")


def _written(call: Call, msg: str, params: object = None) -> Reply:
    return success(msg, params, call.memory.settings.catalog_status)


def _refuse(call: Call, catalog: Catalog, id_: str, document: Mapping[str, Any]) -> None:
    _valid_id(call, id_)
    size = len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MOST_BYTES:
        raise bad_params(f"Item {id_} has {size} bytes, more than {MOST_BYTES}")
    refuse_fields(catalog, list(document))
    for text in odd_dates(document):
        call.note(f"dates: {text!r} is no date to Iterable")
    for name, value in document.items():
        types = candidates(name, value)
        if name in catalog.types and types and catalog.types[name] not in types:
            call.note(f"catalogs: field {name} is {catalog.types[name]}, and an item has a {types[0]}")


def _valid_id(call: Call, id_: str) -> str:
    if not NAME.fullmatch(id_) or id_ in call.refused:
        raise bad_params(f"Invalid item id: {id_}")
    return id_


def _put(call: Call, catalog: Catalog, id_: str, document: Mapping[str, Any], *, merges: bool) -> None:
    """Overwrite whole, nulls kept; or only the given fields, a null taking its field away."""
    if merges:
        merged = {**catalog.items.get(id_, {}), **document}
        catalog.items[id_] = {name: value for name, value in merged.items() if value is not None}
    else:
        catalog.items[id_] = dict(document)
    catalog.modified[id_] = int(call.memory.clock() * 1000)
    call.memory.applied.append((id_, dict(document)))


def bulk_delete(call: Call) -> Reply:
    catalog = known(call)
    ids: list[str] = call.check({"itemIds!": [STRING]})["itemIds"]
    call.batch([{"userId": id_} for id_ in ids])
    for id_ in ids:
        _valid_id(call, id_)
    for id_ in ids:
        _take_away(call, catalog, id_)
    return _written(call, f"Successfully received request to delete {len(ids)} items from catalog {catalog.name}")


def _take_away(call: Call, catalog: Catalog, id_: str) -> None:
    catalog.items.pop(id_, None)
    catalog.modified.pop(id_, None)
    call.memory.deleted.append(id_)


def get(call: Call) -> Reply:
    catalog, id_ = known(call), _valid_id(call, call.value("item"))
    if id_ not in catalog.items:
        return framework_error(404, "NotFound", "error.catalogs.itemNotFound", id_)
    return read(call, _shown(catalog, id_))


def put(call: Call) -> Reply:
    return _one(call, call.check({"value!": OBJECT})["value"], merges=False)


def patch(call: Call) -> Reply:
    return _one(call, call.check({"update!": OBJECT})["update"], merges=True)


def _one(call: Call, document: dict[str, Any], *, merges: bool) -> Reply:
    catalog, id_ = known(call), call.value("item")
    _refuse(call, catalog, id_, document)
    call.names({"userId": id_})
    _put(call, catalog, id_, document, merges=merges)
    url = f"/api/catalogs/{catalog.name}/items/{id_}"
    return _written(call, "", {"catalogName": catalog.name, "itemId": id_, "url": url})


def delete(call: Call) -> Reply:
    catalog, id_ = known(call), _valid_id(call, call.value("item"))
    _take_away(call, catalog, id_)
    return _written(call, f"Received request to deleted item ID {id_} from catalog {catalog.name}")
