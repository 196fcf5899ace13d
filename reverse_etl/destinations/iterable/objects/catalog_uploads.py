"""Uploads items to a catalog and deletes them, many in one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from reverse_etl.change import Change, Problem
from reverse_etl.destinations.column_body import JsonColumn, RowColumns, find_rows
from reverse_etl.destinations.iterable.resources.catalog_types import catalog_path, says_unknown_catalog
from reverse_etl.destinations.operation import BatchResult, Clarity, Operation, UnfitRow
from reverse_etl.destinations.request import Endpoint, Reply, Request

# Iterable's Swagger document says 100 requests a second for each key. RudderStack's notes say 5. We start with the
# lower figure, since a 429 costs more than a pause. The setting `catalog_requests_per_second` changes it.
BULK_PER_SECOND = 5
ITEMS = "/api/catalogs/{catalog}/items"
RATE_SETTING = "catalog_requests_per_second"
UPLOAD = Endpoint("POST", ITEMS, BULK_PER_SECOND, setting=RATE_SETTING)
DELETE = Endpoint("DELETE", ITEMS, BULK_PER_SECOND, setting=RATE_SETTING)
# Documents a request and the size of one: Swagger document. For deletes, where none is documented, the same.
_ROWS = 1000
_BYTES_A_DOCUMENT = 30_000
_BYTES_AN_ID = 259  # with quotes, colon and comma
# A null, an empty object, a name with a period, or anything escaped.
_UNPRUNED = r'null|\{\}|\.[^"]*":|\\'


@dataclass(frozen=True)
class _ItemsOperation(Operation):
    """Iterable accepts a request as a whole or not at all, and does not report single items.

    `just_created`: the catalog was just made.
    """

    catalog: str
    just_created: bool = False
    max_rows: int = _ROWS
    overhead: int = _ROWS * _BYTES_AN_ID + 100

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        del changes
        done = isinstance(reply.body, dict) and reply.code in ("Success", "Accepted")
        return BatchResult(Clarity.CERTAIN if done else Clarity.MALFORMED)

    def find_fatal_problem(self, reply: Reply) -> Problem | None:
        """Return the problem that the catalog does not exist any more, if a reply says that."""
        if not says_unknown_catalog(reply):
            return None
        return Problem(
            "unknown-catalog",
            f"Iterable does not know catalog `{self.catalog}` any more",
            "Run again: the catalog is looked up first. A new catalog can take a minute.",
            {"catalog": self.catalog},
        )


@dataclass(frozen=True)
class UploadItems(_ItemsOperation):
    """Writes many items. `partial`: only the given fields are replaced, else each item as a whole."""

    partial: bool = False
    endpoint: Endpoint = UPLOAD
    max_row_bytes: int = _BYTES_A_DOCUMENT

    def build(self, changes: Sequence[Change]) -> Request:
        documents = b",".join([orjson.dumps(change.identity) + b":" + change.body for change in changes])
        flag = str(self.partial).lower().encode()
        body = b'{"documents":{' + documents + b'},"replaceUploadedFieldsOnly":' + flag + b"}"
        return Request(self.endpoint, catalog_path(self.catalog, "/items"), body)


@dataclass(frozen=True)
class DeleteItems(_ItemsOperation):
    """Deletes many items. An item that does not exist counts as deleted."""

    endpoint: Endpoint = DELETE
    effect: str = "their items are deleted in Iterable"

    def build(self, changes: Sequence[Change]) -> Request:
        body = orjson.dumps({"itemIds": [change.identity for change in changes]})
        return Request(self.endpoint, catalog_path(self.catalog, "/items"), body)


def build_document(data: Mapping[str, Any], *, partial: bool) -> dict[str, Any]:
    """Return the document of a row. Raises UnfitRow.

    No source says what a null does to a field. If an item is replaced as a whole, a NULL is left out, which clears the
    field. If fields are replaced one by one, a null is sent, since nothing else could clear the field.
    """
    for name, value in data.items():
        if _has_period(value):
            raise UnfitRow("unsendable-value", f"field `{name}`: a member has a period in its name")
    pruned = {name: _pruned(value) for name, value in data.items()}
    return pruned if partial else {name: value for name, value in pruned.items() if value is not None}


def build_documents(partial: bool, rows: RowColumns) -> JsonColumn | None:  # noqa: FBT001  bound by position
    """Return the documents of many rows; None if only some fields of a nested object are sent."""
    if partial and any("." in path for path in rows.data):
        return None
    odd = {number for column in rows.data.values() for number in _find_unpruned(column)}
    return JsonColumn(rows.build_data(keeps_nulls=partial).texts, odd)


def _find_unpruned(column: JsonColumn) -> Sequence[int]:
    """Return the rows with an array or object that may hold a null, an empty object or a name with a period."""
    import pyarrow.compute as pc

    is_nested = pc.match_substring_regex(column.texts, r"^[\[{]")
    if not pc.any(is_nested).as_py():
        return ()
    return find_rows(pc.and_(is_nested, pc.match_substring_regex(column.texts, _UNPRUNED)))


def _has_period(value: Any) -> bool:
    if isinstance(value, dict):
        return any("." in key or _has_period(item) for key, item in value.items())
    return isinstance(value, list) and any(_has_period(item) for item in value)


def _pruned(value: Any) -> Any:
    """Return an object without its null members; None if none is left. Any other value is returned unchanged."""
    if not isinstance(value, dict):
        return value
    found = {key: kept for key, item in value.items() if (kept := _pruned(item)) is not None}
    return found or None
