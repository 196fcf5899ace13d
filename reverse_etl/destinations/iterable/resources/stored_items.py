"""Reads the items of a catalog, by pages of GET /api/catalogs/{catalog}/items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reverse_etl.counting import plural
from reverse_etl.destinations.iterable.fields.comparable_values import FieldComparison
from reverse_etl.destinations.iterable.protocol.replies import params_of
from reverse_etl.destinations.iterable.resources.catalog_types import catalog_path
from reverse_etl.destinations.request import Endpoint, Request
from reverse_etl.destinations.stored_rows import ReadingRoom, StoredRow, StoredRows, Values
from reverse_etl.errors import DestinationError

GET_ITEMS = Endpoint("GET", "/api/catalogs/{catalog}/items", 100)
# An item has 30 kB at most (Swagger document), so that a page fits a reply of 10 MB.
_PAGE = 250


@dataclass(frozen=True)
class StoredItems(StoredRows):
    """Items of a catalog, by their mapped fields. Other fields of an item do not matter.

    `replaces_items`: what is sent replaces a whole item, so a mapped field that is not sent is removed.
    """

    catalog: str
    comparison: FieldComparison
    replaces_items: bool = True
    noun: str = "item"

    def expect(self, body: Mapping[str, object]) -> Values:
        sent = self.comparison.pick_sent(body)
        return {**dict.fromkeys(self.comparison.paths), **sent} if self.replaces_items else sent

    def read(self, room: ReadingRoom) -> Iterator[StoredRow]:
        """Yield the items page by page. An item that moves to an earlier page during the reading is not seen."""
        page, seen = 1, 0
        while True:
            items, total = self._read_page(room, page)
            yield from (StoredRow({"item_id": key}, self.comparison.pick_stored(value)) for key, value in items)
            seen += len(items)
            if not items or (total is not None and seen >= total):
                return
            if page % 20 == 0:
                room.report(f"catalog `{self.catalog}`: read {plural(seen, 'item')}")
            room.wait(0.0)
            page += 1

    def _read_page(self, room: ReadingRoom, page: int) -> tuple[list[tuple[str, Mapping[str, object]]], int | None]:
        """Return the ids and values of one page, and how many items there are."""
        path = catalog_path(self.catalog, f"/items?page={page}&pageSize={_PAGE}")
        reply = room.caller.ask(Request(GET_ITEMS, path))
        body = reply.body if isinstance(reply.body, dict) and reply.status == 200 else {}
        content = params_of(reply) or body
        rows, total = content.get("catalogItemsWithProperties"), content.get("totalItemsCount")
        if not isinstance(rows, list):
            raise DestinationError(
                "items-not-read",
                f"Iterable did not return the items of catalog `{self.catalog}`",
                context={"page": page, "status": reply.status, "code": reply.code or "none"},
                hint="Run again later: nothing was sent.",
            )
        items = [
            (row["itemId"], row["value"] if isinstance(row.get("value"), dict) else {})
            for row in rows
            if isinstance(row, dict) and isinstance(row.get("itemId"), str)
        ]
        return items, total if type(total) is int else None
