"""Checks of requests about catalogs. The first problem refuses the whole request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from reverse_etl.sandbox.plurals import pluralize
from reverse_etl.sandbox.replies import ApiRefusal, FrameworkRefusal
from reverse_etl.sandbox.rules.catalog_types import find_misfit, read_path
from reverse_etl.sandbox.rules.fields import Clash, TooManyFields, TypeMismatch, list_possible_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.catalogs import Catalog

MAX_DOCUMENT_BYTES: Final = 30_000

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,255}")


def require_catalog(call: Call) -> Catalog:
    """Return the catalog of the path."""
    name = call.arguments[0]
    require_name(name, "catalog name")
    catalog = call.project.catalogs.find(name)
    if catalog is None:
        raise FrameworkRefusal(404, "NotFound", "error.catalogs.notFound", f"Catalog not found: {name}", [name])
    return catalog


def require_name(text: str, what: str) -> None:
    """Refuse a wrong name of a catalog or an item. Iterable documents the status 400, but not the text."""
    if not _NAME.fullmatch(text):
        raise ApiRefusal(400, "BadParams", f"Invalid {what}: {text} (letters, digits and dashes, at most 255)")


def require_field_name(name: str) -> None:
    if not name or "." in name:
        raise ApiRefusal(400, "BadParams", f"Invalid field name: {name} (field names may not contain periods)")


def require_valid_documents(documents: Mapping[str, Fields]) -> None:
    for key, document in documents.items():
        require_name(key, "item ID")
        for name in _iterate_names(document):
            require_field_name(name)
        if (size := count_document_bytes(document)) > MAX_DOCUMENT_BYTES:
            text = f"Item {key} has {pluralize(size, 'byte')}, more than {MAX_DOCUMENT_BYTES}"
            raise ApiRefusal(400, "BadParams", text)


def require_free_fields(call: Call, catalog: Catalog, names: Iterable[str]) -> None:
    """Refuse fields that would exceed the catalog's limit."""
    behaviour = call.project.options.behaviour
    new = [name for name in dict.fromkeys(names) if name not in catalog.fields]
    total = len(catalog.fields) + len(new)
    if new and total > behaviour.catalog_field_limit:
        raise TooManyFields(behaviour.project_id, behaviour.catalog_field_limit, total, new)


def require_field_types(call: Call, catalog: Catalog, documents: Iterable[Fields]) -> None:
    """Refuse values of another type than their field."""
    clashes = {
        path: Clash(type_, list_possible_types(path, wrong), wrong)
        for document in documents
        for path, type_ in catalog.types.items()
        if (wrong := find_misfit(type_, read_path(document, path))) is not None
    }
    if clashes:
        raise TypeMismatch(call.project.options.behaviour.project_id, "catalog", clashes)


def count_document_bytes(document: Fields) -> int:
    """Return the bytes of the document as JSON without blanks, which Iterable shows as `size`."""
    return len(orjson.dumps(document))


def _iterate_names(document: Fields) -> Iterator[str]:
    """Yield the names of all members, at any depth."""
    pending: list[Any] = [document]
    while pending:
        value = pending.pop()
        if type(value) is dict:
            yield from value
            pending.extend(value.values())
        elif type(value) is list:
            pending.extend(value)
