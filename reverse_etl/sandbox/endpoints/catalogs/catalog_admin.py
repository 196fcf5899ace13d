"""GET, POST and DELETE catalogs, and the types of their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints import paging, request_bodies
from reverse_etl.sandbox.endpoints.catalogs.catalog_checks import (
    require_catalog,
    require_field_name,
    require_free_fields,
    require_name,
)
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_json, reply_success
from reverse_etl.sandbox.rules.catalog_types import CATALOG_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reverse_etl.sandbox.endpoints.call import Call

# The most that Iterable's own client requests. The API documents no maximum.
_MAX_PAGE_SIZE: Final = 100
_MAPPINGS: Final[request_bodies.Shape] = {"mappingsUpdates": list}
_MAPPING: Final[request_bodies.Shape] = {"fieldName": str, "fieldType": str, "children": list}


def list_catalogs(call: Call) -> Reply:
    page = paging.parse_page_request(call, _MAX_PAGE_SIZE)
    catalogs = list(call.project.catalogs)
    names = [{"name": catalog.name} for catalog in page.slice_entries(catalogs)]
    content = {"catalogNames": names, "totalCatalogsCount": len(catalogs)}
    return reply_catalog_read(call, content, page.build_urls(call, len(catalogs)))


def create_catalog(call: Call) -> Reply:
    project, name = call.project, call.argument
    require_name(name, "catalog name")
    if project.catalogs.find(name) is not None:
        raise ApiRefusal(400, "BadParams", f"Catalog already exists: {name}")
    catalog = project.catalogs.create(name)
    params = {"id": catalog.id, "name": catalog.name, "url": f"/api/catalogs/{catalog.name}"}
    return reply_success(params=params, status=project.options.behaviour.catalog_create_status)


def delete_catalog(call: Call) -> Reply:
    catalog = require_catalog(call)
    call.project.catalogs.delete(catalog)
    return reply_success(f"Successfully deleted catalog {catalog.name}")


def get_field_types(call: Call) -> Reply:
    catalog = require_catalog(call)
    untyped = [path for path, type_ in catalog.fields.items() if type_ is None]
    return reply_catalog_read(call, {"definedMappings": catalog.types, "undefinedFields": untyped})


def set_field_types(call: Call) -> Reply:
    """Set all types. If one of them cannot be set, none is set."""
    catalog = require_catalog(call)
    request_bodies.check_body(call.body, _MAPPINGS, call.path, "mappingsUpdates")
    types: dict[str, str | None] = {}
    for path, type_ in _iterate_requested_types(call):
        _require_settable_type(path, types.get(path, catalog.fields.get(path)), type_)
        types[path] = type_
    require_free_fields(call, catalog, types)
    call.project.catalogs.set_fields(catalog, types)
    return reply_success()


def reply_catalog_read(call: Call, content: dict[str, Any], urls: dict[str, str] | None = None) -> Reply:
    """Return the response to a GET about catalogs."""
    behaviour = call.project.options.behaviour
    body = {**content, **(urls or {})} if behaviour.catalog_page_urls else content
    return reply_success(params=body) if behaviour.catalog_reads == "wrapped" else reply_json(body)


def _iterate_requested_types(call: Call) -> Iterator[tuple[str, str]]:
    """Yield (path, type) of every field in the request, members of objects included."""
    pending = [("obj.mappingsUpdates", "", call.body["mappingsUpdates"])]
    while pending:
        at, parent, rows = pending.pop(0)
        request_bodies.check_rows(rows, _MAPPING, at, call.path, "fieldName", "fieldType")
        for index, row in enumerate(rows):
            require_field_name(row["fieldName"])
            path = parent + row["fieldName"]
            yield path, row["fieldType"]
            if children := row.get("children"):
                _require_object_type(path, row["fieldType"])
                pending.append((f"{at}[{index}].children", f"{path}.", children))


def _require_object_type(path: str, type_: str) -> None:
    if type_ != "object":
        raise ApiRefusal(400, "BadParams", f"Field {path} of type {type_} cannot have children")


def _require_settable_type(path: str, current: str | None, type_: str) -> None:
    if type_ not in CATALOG_TYPES:
        allowed = ", ".join(sorted(CATALOG_TYPES))
        raise ApiRefusal(400, "BadParams", f"Invalid type of field {path}: {type_} ({allowed})")
    if current not in {None, type_}:
        text = f"The type of field {path} is {current} and cannot be changed to {type_}"
        raise ApiRefusal(400, "BadParams", text)
