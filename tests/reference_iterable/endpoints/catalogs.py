"""Catalogs and their field types: section 11, without the items."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.reference_iterable.project_memory import Catalog
from tests.reference_iterable.replies import Refusal, Reply, bad_params, framework_error, reply_success
from tests.reference_iterable.request import Call
from tests.reference_iterable.rules.bodies import STRING

NAME = re.compile(r"[A-Za-z0-9-]{1,255}")
TYPES = {"boolean", "date", "geo_location", "long", "double", "object", "string"}
MOST_FIELDS = 350
# Children are such updates themselves (official client, src/types/catalogs.ts).
UPDATE: dict[str, Any] = {"fieldName!": STRING, "fieldType!": STRING}
UPDATE["children"] = [UPDATE]


def require_catalog(call: Call) -> Catalog:
    """Return the catalog of the path. Raises Refusal if there is none."""
    name = check_name(call)
    catalog = call.memory.catalog(name)
    if catalog is None:
        raise Refusal(framework_error(404, "NotFound", "error.catalogs.notFound", name))
    return catalog


def check_name(call: Call) -> str:
    name = call.get_value("catalog")
    if not NAME.fullmatch(name):
        raise bad_params(f"Invalid catalog name: {name}")
    return name


def reply_read(call: Call, payload: Mapping[str, Any]) -> Reply:
    """Return a read: flat, as one document says, or inside the envelope, as recorded (11.2)."""
    return Reply(200, dict(payload)) if call.memory.settings.flat_reads else reply_success("", dict(payload))


def reply_page(call: Call, things: Sequence[Any], most: int) -> tuple[list[Any], dict[str, str]]:
    """Return one page of entries with the URLs of the pages before and after it. Raises Refusal."""
    number, size = call.get_number("page", 1), call.get_number("pageSize", 10)
    if number < 1 or not 1 <= size <= most:
        raise bad_params(f"page must be at least 1, and pageSize between 1 and {most}")
    urls = {}
    if number * size < len(things):
        urls["nextPageUrl"] = f"{call.path}?page={number + 1}&pageSize={size}"
    if number > 1:
        urls["previousPageUrl"] = f"{call.path}?page={number - 1}&pageSize={size}"
    return list(things[(number - 1) * size : number * size]), urls


def list_catalogs(call: Call) -> Reply:
    names = [{"name": catalog.name} for catalog in call.memory.catalogs.values()]
    shown, urls = reply_page(call, names, 100)
    return reply_read(call, {"catalogNames": shown, "totalCatalogsCount": len(names), **urls})


def create_catalog(call: Call) -> Reply:
    name = check_name(call)
    if call.memory.catalog(name) is not None:
        raise bad_params(f"A catalog named {name} exists")
    catalog = Catalog(call.memory.next_number(), name)
    call.memory.catalogs[name.lower()] = catalog
    return reply_success("", {"id": catalog.id, "name": name, "url": f"/api/catalogs/{name}"}, 201)


def delete_catalog(call: Call) -> Reply:
    catalog = require_catalog(call)
    del call.memory.catalogs[catalog.name.lower()]
    return reply_success(f"Successfully deleted catalog {catalog.name}")


def get_field_types(call: Call) -> Reply:
    catalog = require_catalog(call)
    return reply_read(call, {"definedMappings": dict(catalog.types), "undefinedFields": _list_untyped_fields(catalog)})


def _list_untyped_fields(catalog: Catalog) -> list[str]:
    used = {name: None for item in catalog.items.values() for name, value in item.items() if value is not None}
    return [name for name in used if name not in catalog.types]


def set_field_types(call: Call) -> Reply:
    """Set field types, once for each field. Only values sent afterwards can be searched."""
    catalog = require_catalog(call)
    updates: list[dict[str, Any]] = call.check_body({"mappingsUpdates!": [UPDATE]})["mappingsUpdates"]
    if not updates:
        call.note("catalogs: an empty request for field types")
    for one in updates:
        _check_types(catalog, one["fieldName"], one["fieldType"])
    used = _list_untyped_fields(catalog)
    for one in updates:
        if one["fieldName"] in used:
            call.note(f"catalogs: field {one['fieldName']} is typed after items have it")
        catalog.types[one["fieldName"]] = one["fieldType"]
    return reply_success()


def _check_types(catalog: Catalog, name: str, kind: str) -> None:
    if kind not in TYPES:
        raise bad_params(f"{kind} is no type of a catalog's field")
    if catalog.types.get(name, kind) != kind:
        raise bad_params(f"Field {name} is {catalog.types[name]} already")
    check_field_names(catalog, [name])


def check_field_names(catalog: Catalog, names: Sequence[str]) -> None:
    """Refuse field names with periods, and too many fields. Raises Refusal."""
    odd = [name for name in names if "." in name or not name]
    if odd:
        raise bad_params(f"Invalid field name: {odd[0]}")
    if len({*catalog.types, *_list_untyped_fields(catalog), *names}) > MOST_FIELDS:
        raise bad_params(f"A catalog has {MOST_FIELDS} fields at most")
