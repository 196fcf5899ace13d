"""Writes of catalog items: accepted when everything in a request can be, applied after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.counting import plural
from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Reply, success
from reverse_etl.sandbox.rules.catalog_rules import (
    known_catalog,
    require_documents,
    require_name,
    require_room,
    require_types,
)
from reverse_etl.sandbox.state.catalogs import fields_of

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.catalogs import Action, Catalog

_UPLOAD: Final[bodies.Shape] = {"documents": dict, "replaceUploadedFieldsOnly": bool}
_BULK_DELETE: Final[bodies.Shape] = {"itemIds": [str]}
_REPLACE: Final[bodies.Shape] = {"value": dict}
_UPDATE: Final[bodies.Shape] = {"update": dict}


def upload(call: Call) -> Reply:
    catalog = known_catalog(call)
    bodies.require(call.body, _UPLOAD, call.path, "documents", "replaceUploadedFieldsOnly")
    documents: dict[str, Any] = call.body["documents"]
    bodies.require_at_most(call.project.options.behaviour.catalog_max_documents, documents)
    bodies.require(documents, dict.fromkeys(documents, dict), call.path, *documents, at="obj.documents")
    _write(call, catalog, "merge" if call.body["replaceUploadedFieldsOnly"] else "replace", documents)
    return _accepted(call, f"Request to bulk-upload documents into {catalog.name} processed successfully")


def replace_item(call: Call) -> Reply:
    return _write_item(call, "replace", _REPLACE, "value")


def update_item(call: Call) -> Reply:
    return _write_item(call, "merge", _UPDATE, "update")


def bulk_delete(call: Call) -> Reply:
    catalog = known_catalog(call)
    bodies.require(call.body, _BULK_DELETE, call.path, "itemIds")
    keys: list[str] = call.body["itemIds"]
    bodies.require_at_most(call.project.options.behaviour.catalog_max_documents, keys)
    _delete(call, catalog, keys)
    return _accepted(
        call, f"Successfully received request to delete {plural(len(keys), 'item')} from catalog {catalog.name}"
    )


def delete_item(call: Call) -> Reply:
    """Also of an item that is not there."""
    catalog, key = known_catalog(call), call.argument
    _delete(call, catalog, [key])
    return _accepted(call, f"Received request to deleted item ID {key} from catalog {catalog.name}")


def _write_item(call: Call, action: Action, shape: bodies.Shape, member: str) -> Reply:
    catalog, key = known_catalog(call), call.argument
    bodies.require(call.body, shape, call.path, member)
    _write(call, catalog, action, {key: call.body[member]})
    url = f"/api/catalogs/{catalog.name}/items/{key}"
    return _accepted(call, "", {"catalogName": catalog.name, "itemId": key, "url": url})


def _write(call: Call, catalog: Catalog, action: Action, documents: dict[str, Fields]) -> None:
    require_documents(documents)
    require_room(call, catalog, fields_of(documents.values()))
    if call.project.options.behaviour.catalog_wrong_type == "refuse":
        require_types(call, catalog, documents.values())
    _accept(call, catalog, action, documents)


def _delete(call: Call, catalog: Catalog, keys: list[str]) -> None:
    for key in keys:
        require_name(key, "item ID")
    _accept(call, catalog, "delete", {key: {} for key in keys})


def _accept(call: Call, catalog: Catalog, action: Action, documents: dict[str, Fields]) -> None:
    project = call.project
    due = project.clock() + project.options.behaviour.catalog_apply_delay
    project.catalogs.accept(catalog, action, documents, due)
    project.catch_up()


def _accepted(call: Call, told: str, params: object = None) -> Reply:
    return success(told, params, status=call.project.options.behaviour.catalog_write_status)
