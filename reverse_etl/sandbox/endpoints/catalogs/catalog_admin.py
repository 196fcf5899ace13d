"""The catalogs themselves: what there is, making one, deleting one, and the types of its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.http import bodies, paging
from reverse_etl.sandbox.http.replies import Reply, refusal, resource, success
from reverse_etl.sandbox.rules.catalog_rules import known_catalog, require_field_name, require_name, require_room
from reverse_etl.sandbox.rules.catalog_types import CATALOG_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reverse_etl.sandbox.http.call import Call

# The most that Iterable's own client asks for; the API documents none.
_LARGEST_PAGE: Final = 100
_MAPPINGS: Final[bodies.Shape] = {"mappingsUpdates": list}
_MAPPING: Final[bodies.Shape] = {"fieldName": str, "fieldType": str, "children": list}


def catalogs(call: Call) -> Reply:
    asked = paging.asked(call, _LARGEST_PAGE)
    every = list(call.project.catalogs)
    names = [{"name": catalog.name} for catalog in asked.cut(every)]
    return read(call, {"catalogNames": names, "totalCatalogsCount": len(every)}, asked.urls(call, len(every)))


def create(call: Call) -> Reply:
    project, name = call.project, call.argument
    require_name(name, "catalog name")
    if project.catalogs.find(name) is not None:
        raise refusal(400, "BadParams", f"Catalog already exists: {name}")
    made = project.catalogs.create(name)
    params = {"id": made.id, "name": made.name, "url": f"/api/catalogs/{made.name}"}
    return success(params=params, status=project.options.behaviour.catalog_create_status)


def delete(call: Call) -> Reply:
    catalog = known_catalog(call)
    call.project.catalogs.delete(catalog)
    return success(f"Successfully deleted catalog {catalog.name}")


def field_types(call: Call) -> Reply:
    catalog = known_catalog(call)
    untyped = [path for path, kind in catalog.fields.items() if kind is None]
    return read(call, {"definedMappings": catalog.types, "undefinedFields": untyped})


def set_field_types(call: Call) -> Reply:
    """All of the types or, if any of them cannot be set, none."""
    catalog = known_catalog(call)
    bodies.require(call.body, _MAPPINGS, call.path, "mappingsUpdates")
    asked: dict[str, str | None] = {}
    for path, kind in _asked_types(call):
        _require_settable(path, asked.get(path, catalog.fields.get(path)), kind)
        asked[path] = kind
    require_room(call, catalog, asked)
    call.project.catalogs.set_fields(catalog, asked)
    return success()


def read(call: Call, content: dict[str, Any], urls: dict[str, str] | None = None) -> Reply:
    """What a GET about catalogs answers."""
    behaviour = call.project.options.behaviour
    whole = {**content, **(urls or {})} if behaviour.catalog_page_urls else content
    return success(params=whole) if behaviour.catalog_reads == "wrapped" else resource(whole)


def _asked_types(call: Call) -> Iterator[tuple[str, str]]:
    """Path and type of every field that the request names, of members of objects too."""
    left = [("obj.mappingsUpdates", "", call.body["mappingsUpdates"])]
    while left:
        at, parent, rows = left.pop(0)
        bodies.require_rows(rows, _MAPPING, at, call.path, "fieldName", "fieldType")
        for index, row in enumerate(rows):
            require_field_name(row["fieldName"])
            path = parent + row["fieldName"]
            yield path, row["fieldType"]
            if children := row.get("children"):
                _require_object(path, row["fieldType"])
                left.append((f"{at}[{index}].children", f"{path}.", children))


def _require_object(path: str, kind: str) -> None:
    if kind != "object":
        raise refusal(400, "BadParams", f"Field {path} of type {kind} cannot have children")


def _require_settable(path: str, before: str | None, kind: str) -> None:
    if kind not in CATALOG_TYPES:
        raise refusal(400, "BadParams", f"Invalid type of field {path}: {kind} ({', '.join(sorted(CATALOG_TYPES))})")
    if before not in {None, kind}:
        raise refusal(400, "BadParams", f"The type of field {path} is {before} and cannot be changed to {kind}")
