"""What a request about catalogs may name and hold. The first fault refuses the whole request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from reverse_etl.sandbox.counting import plural
from reverse_etl.sandbox.http.replies import framework_refusal, refusal
from reverse_etl.sandbox.rules.catalog_types import misfit, value_at
from reverse_etl.sandbox.rules.fields import Clash, mismatch, possible_types, too_many_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.catalogs import Catalog

MAX_DOCUMENT_BYTES: Final = 30_000

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,255}")


def known_catalog(call: Call) -> Catalog:
    """The catalog that the path names first."""
    name = call.arguments[0]
    require_name(name, "catalog name")
    found = call.project.catalogs.find(name)
    if found is None:
        raise framework_refusal(404, "NotFound", "error.catalogs.notFound", f"Catalog not found: {name}", [name])
    return found


def require_name(text: str, what: str) -> None:
    """Catalogs and items are named by the same alphabet. Iterable documents the 400, not its words."""
    if not _NAME.fullmatch(text):
        raise refusal(400, "BadParams", f"Invalid {what}: {text} (letters, digits and dashes, at most 255)")


def require_field_name(name: str) -> None:
    if not name or "." in name:
        raise refusal(400, "BadParams", f"Invalid field name: {name} (field names may not contain periods)")


def require_documents(documents: Mapping[str, Fields]) -> None:
    for key, document in documents.items():
        require_name(key, "item ID")
        for name in _names(document):
            require_field_name(name)
        if (size := document_size(document)) > MAX_DOCUMENT_BYTES:
            raise refusal(400, "BadParams", f"Item {key} has {plural(size, 'byte')}, more than {MAX_DOCUMENT_BYTES}")


def require_room(call: Call, catalog: Catalog, names: Iterable[str]) -> None:
    """Refuse fields that would be too many for the catalog."""
    behaviour = call.project.options.behaviour
    new = [name for name in dict.fromkeys(names) if name not in catalog.fields]
    total = len(catalog.fields) + len(new)
    if new and total > behaviour.catalog_field_limit:
        raise too_many_fields(behaviour.project_id, behaviour.catalog_field_limit, total, new)


def require_types(call: Call, catalog: Catalog, documents: Iterable[Fields]) -> None:
    """Refuse values that are not of their field's type."""
    clashes = {
        path: Clash(kind, possible_types(path, wrong), wrong)
        for document in documents
        for path, kind in catalog.types.items()
        if (wrong := misfit(kind, value_at(document, path))) is not None
    }
    if clashes:
        raise mismatch(call.project.options.behaviour.project_id, "catalog", clashes)


def document_size(document: Fields) -> int:
    """Bytes of the document as JSON without blanks: what Iterable shows as `size`."""
    return len(orjson.dumps(document))


def _names(document: Fields) -> Iterator[str]:
    """Names of all members, at any depth."""
    left: list[Any] = [document]
    while left:
        value = left.pop()
        if type(value) is dict:
            yield from value
            left.extend(value.values())
        elif type(value) is list:
            left.extend(value)
