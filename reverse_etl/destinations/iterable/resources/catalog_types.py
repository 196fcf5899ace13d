"""Catalogs of Iterable and the types of their fields; creates what a definition allows.

Endpoints and shapes: Swagger document; what is read may be wrapped in `params` or not (official client,
src/client/catalogs.ts). A field's type is set once, and only items that are written afterwards can be found by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import orjson

from reverse_etl.destinations.bound_object import TypedField
from reverse_etl.destinations.iterable.fields.field_types import TypesByKind, add_parents, infer_type
from reverse_etl.destinations.iterable.protocol.replies import params_of
from reverse_etl.destinations.request import ApiCaller, Endpoint, Reply, Request
from reverse_etl.errors import DestinationError, did_you_mean
from reverse_etl.sync import Sync

CATALOG_NAME = r"[A-Za-z0-9-]{1,255}"
# The limit of the first is documented; for the others, where none is, we chose the rate.
LIST_CATALOGS = Endpoint("GET", "/api/catalogs", 100)
CREATE_CATALOG = Endpoint("POST", "/api/catalogs/{catalog}", 10)
GET_FIELD_TYPES = Endpoint("GET", "/api/catalogs/{catalog}/fieldMappings", 10)
SET_TYPES = Endpoint("PUT", "/api/catalogs/{catalog}/fieldMappings", 10)
_PAGE = 100

_TEXTS = frozenset({"string", "keyword"})
# Kinds of a warehouse column, and the types that some of their values can be converted to.
CONVERTIBLE: TypesByKind = {
    **dict.fromkeys(("date", "timestamp"), _TEXTS | {"date"}),
    **dict.fromkeys(("integer", "decimal", "number", "float"), _TEXTS | {"long", "double"}),
    **dict.fromkeys(("uuid", "time"), _TEXTS),
    "text": _TEXTS | {"date", "geo_location"},
    "boolean": _TEXTS | {"boolean"},
    "object": frozenset({"object", "geo_location"}),
}


@dataclass(frozen=True)
class Catalog:
    """A catalog as Iterable spells it: types of its fields by dotted name, and fields that have no type.

    `just_created`: this run made it, and Iterable may not know it everywhere yet.
    """

    name: str
    types: Mapping[str, str] = field(default_factory=dict)
    untyped: frozenset[str] = frozenset()
    just_created: bool = False

    def has_type(self, path: str) -> bool:
        """Return whether a field has a type. If no member of an object is listed, its members count as typed."""
        parent = path.rpartition(".")[0]
        if path in self.types or path in self.untyped or not parent:
            return path in self.types
        typed = any(name.startswith(f"{parent}.") for name in (*self.types, *self.untyped))
        return not typed and self.has_type(parent)

    def lacks(self, path: str) -> bool:
        """Return whether a field has no type, and no item has it yet."""
        parent = path.rpartition(".")[0]
        if self.has_type(path) or path in self.untyped:
            return False
        return not parent or self.has_type(parent) or self.lacks(parent)


def catalog_path(catalog: str, rest: str = "") -> str:
    """Return the path of a catalog, or of something in it."""
    return f"/api/catalogs/{quote(catalog, safe='')}{rest}"


def says_unknown_catalog(reply: Reply) -> bool:
    """Return whether a reply says that the catalog does not exist."""
    return reply.status == 404 and "catalogs.notFound" in reply.code


def find_catalog_name(caller: ApiCaller, wanted: str) -> tuple[str | None, Sequence[str]]:
    """Return the catalog's name as Iterable spells it, or None, and the names of the catalogs that were read."""
    names: list[str] = []
    for name in _names(caller):
        if name.lower() == wanted.lower():
            return name, names
        names.append(name)
    return None, names


def _names(caller: ApiCaller) -> Iterator[str]:
    """Yield the names of all catalogs, page by page. Raises DestinationError."""
    seen: set[str] = set()
    page = 1
    while True:
        content = _read_reply(
            caller.ask(Request(LIST_CATALOGS, f"{LIST_CATALOGS.path}?page={page}&pageSize={_PAGE}")), "its catalogs"
        )
        rows, total = content.get("catalogNames"), content.get("totalCatalogsCount")
        if not isinstance(rows, list):
            raise _not_read("its catalogs", "no names")
        names = [str(row["name"]) for row in rows if isinstance(row, dict) and "name" in row]
        new = [name for name in names if name not in seen]
        yield from new
        seen.update(new)
        complete = isinstance(total, int) and len(seen) >= total
        if not new or complete or (not isinstance(total, int) and "nextPageUrl" not in content):
            return
        page += 1


def unknown_catalog(sync: Sync, wanted: str, names: Sequence[str]) -> DestinationError:
    """Return the error of a catalog that does not exist and that the definition does not create."""
    return DestinationError(
        "unknown-catalog",
        f"sync `{sync.name}`: Iterable has no catalog `{wanted}`{did_you_mean(wanted, names)}",
        context={"catalog": wanted, "catalogs": ", ".join(names) or "none", "file": sync.file},
        hint="Correct `catalog`, create the catalog in Iterable, or set `create_catalog: true`.",
    )


def create_catalog(caller: ApiCaller, name: str) -> Catalog:
    """Create a catalog, or return the one that exists although it was not listed. Raises DestinationError."""
    reply = caller.ask(Request(CREATE_CATALOG, catalog_path(name)))
    if reply.status in (200, 201, 202):
        return Catalog(name, just_created=True)
    try:
        return read_catalog(caller, find_catalog_name(caller, name)[0] or name)
    except DestinationError as error:
        raise _not_made(f"catalog `{name}` could not be created", reply) from error


def read_catalog(caller: ApiCaller, name: str) -> Catalog:
    """Return an existing catalog with the types of its fields. Raises DestinationError."""
    what = f"the field types of catalog `{name}`"
    content = _read_reply(caller.ask(Request(GET_FIELD_TYPES, catalog_path(name, "/fieldMappings"))), what)
    types, untyped = content.get("definedMappings"), content.get("undefinedFields")
    if not isinstance(types, dict):
        raise _not_read(what, "no types")
    known = {str(path): str(kind) for path, kind in types.items() if isinstance(kind, str)}
    return Catalog(name, known, frozenset(map(str, untyped if isinstance(untyped, list) else ())))


def find_typable_fields(catalog: Catalog, fields: Sequence[TypedField]) -> list[TypedField]:
    """Return fields, and objects around them, that no item has yet and whose type the column determines."""
    return [item for item in add_parents(fields) if infer_type(item) and catalog.lacks(item.field)]


def set_types(caller: ApiCaller, catalog: Catalog, fields: Sequence[TypedField]) -> Catalog:
    """Give new fields the types of their columns; a type cannot change later. Raises DestinationError."""
    if not fields:
        return catalog
    body = orjson.dumps({"mappingsUpdates": _updates({item.field: infer_type(item) for item in fields})})
    request = Request(SET_TYPES, catalog_path(catalog.name, "/fieldMappings"), body)
    reply = caller.ask(request, settled=lambda reply: not (catalog.just_created and says_unknown_catalog(reply)))
    if reply.status not in (200, 201, 202):
        raise _not_made(f"the fields of catalog `{catalog.name}` could not get their types", reply)
    return replace(catalog, types={**catalog.types, **{item.field: infer_type(item) for item in fields}})


def _updates(types: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the fields as a tree: children are updates themselves (official client, src/types/catalogs.ts)."""
    spelled: dict[str, str] = {}
    for path, kind in types.items():
        names = path.split(".")
        spelled |= {".".join(names[:end]): "object" for end in range(1, len(names))}
        spelled[path] = kind
    roots: list[dict[str, Any]] = []
    updates: dict[str, dict[str, Any]] = {}
    for path, kind in spelled.items():
        parent, _, name = path.rpartition(".")
        updates[path] = {"fieldName": name, "fieldType": kind}
        (updates[parent].setdefault("children", []) if parent else roots).append(updates[path])
    return roots


def _read_reply(reply: Reply, what: str) -> Mapping[str, object]:
    """Return the content of a reply, wrapped in `params` or not. Raises DestinationError."""
    if reply.status not in (200, 201, 202) or not isinstance(reply.body, dict):
        raise _not_read(what, f"status {reply.status}")
    return params_of(reply) or reply.body


def _not_read(what: str, answer: str) -> DestinationError:
    return DestinationError(
        "catalog-not-read",
        f"Iterable did not return {what}",
        context={"answer": answer},
        hint="Run again later: nothing was sent. If it happens again, check that the key can read catalogs.",
    )


def _not_made(said: str, reply: Reply) -> DestinationError:
    return DestinationError(
        "catalog-not-made",
        f"Iterable refused: {said}",
        context={"status": reply.status, "code": reply.code or "none"},
        hint="Create the catalog and the types of its fields in Iterable. If it is new, run again in a minute."
        " Nothing was sent.",
    )
