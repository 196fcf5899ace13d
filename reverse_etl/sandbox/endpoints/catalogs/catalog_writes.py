"""POST, PUT, PATCH and DELETE catalog items. A valid request is accepted at once and applied after a delay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.endpoints.catalogs.catalog_checks import (
    require_catalog,
    require_field_types,
    require_free_fields,
    require_name,
    require_valid_documents,
)
from reverse_etl.sandbox.plurals import pluralize
from reverse_etl.sandbox.replies import Reply, reply_success
from reverse_etl.sandbox.state.catalogs import iterate_fields

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.catalogs import Catalog, WriteAction

_UPLOAD: Final[request_bodies.Shape] = {"documents": dict, "replaceUploadedFieldsOnly": bool}
_BULK_DELETE: Final[request_bodies.Shape] = {"itemIds": [str]}
_REPLACE: Final[request_bodies.Shape] = {"value": dict}
_UPDATE: Final[request_bodies.Shape] = {"update": dict}


def upload_items(call: Call) -> Reply:
    catalog = require_catalog(call)
    request_bodies.check_body(call.body, _UPLOAD, call.path, "documents", "replaceUploadedFieldsOnly")
    documents: dict[str, Any] = call.body["documents"]
    request_bodies.check_count(call.project.options.behaviour.catalog_max_documents, documents)
    shape = dict.fromkeys(documents, dict)
    request_bodies.check_body(documents, shape, call.path, *documents, at="obj.documents")
    _write_documents(call, catalog, "merge" if call.body["replaceUploadedFieldsOnly"] else "replace", documents)
    return _reply_written(call, f"Request to bulk-upload documents into {catalog.name} processed successfully")


def replace_item(call: Call) -> Reply:
    return _write_item(call, "replace", _REPLACE, "value")


def update_item(call: Call) -> Reply:
    return _write_item(call, "merge", _UPDATE, "update")


def bulk_delete_items(call: Call) -> Reply:
    catalog = require_catalog(call)
    request_bodies.check_body(call.body, _BULK_DELETE, call.path, "itemIds")
    keys: list[str] = call.body["itemIds"]
    request_bodies.check_count(call.project.options.behaviour.catalog_max_documents, keys)
    _delete_items(call, catalog, keys)
    count = pluralize(len(keys), "item")
    return _reply_written(call, f"Successfully received request to delete {count} from catalog {catalog.name}")


def delete_item(call: Call) -> Reply:
    """Delete one item. It is a success if the item does not exist."""
    catalog, key = require_catalog(call), call.argument
    _delete_items(call, catalog, [key])
    return _reply_written(call, f"Received request to deleted item ID {key} from catalog {catalog.name}")


def _write_item(call: Call, action: WriteAction, shape: request_bodies.Shape, member: str) -> Reply:
    catalog, key = require_catalog(call), call.argument
    request_bodies.check_body(call.body, shape, call.path, member)
    _write_documents(call, catalog, action, {key: call.body[member]})
    url = f"/api/catalogs/{catalog.name}/items/{key}"
    return _reply_written(call, "", {"catalogName": catalog.name, "itemId": key, "url": url})


def _write_documents(call: Call, catalog: Catalog, action: WriteAction, documents: dict[str, Fields]) -> None:
    require_valid_documents(documents)
    require_free_fields(call, catalog, iterate_fields(documents.values()))
    if call.project.options.behaviour.catalog_wrong_type == "refuse":
        require_field_types(call, catalog, documents.values())
    _accept_write(call, catalog, action, documents)


def _delete_items(call: Call, catalog: Catalog, keys: list[str]) -> None:
    for key in keys:
        require_name(key, "item ID")
    _accept_write(call, catalog, "delete", {key: {} for key in keys})


def _accept_write(call: Call, catalog: Catalog, action: WriteAction, documents: dict[str, Fields]) -> None:
    project = call.project
    due = project.clock() + project.options.behaviour.catalog_apply_delay
    project.catalogs.accept_write(catalog, action, documents, due)
    project.apply_due()


def _reply_written(call: Call, msg: str, params: object = None) -> Reply:
    return reply_success(msg, params, status=call.project.options.behaviour.catalog_write_status)
