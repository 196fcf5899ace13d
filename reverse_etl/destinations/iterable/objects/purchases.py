"""Purchases: orders of users, one request each, by POST /api/commerce/trackPurchase, which empties the user's cart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.change import Change, Outcome
from reverse_etl.definition.entry import ColumnName, RowSource
from reverse_etl.definition.faults import EntryLocation
from reverse_etl.destinations.bound_object import BoundObject
from reverse_etl.destinations.column_body import (
    ColumnBody,
    ColumnMembers,
    JsonColumn,
    RowColumns,
    find_rows,
    require_value,
)
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, SyncOrder
from reverse_etl.destinations.iterable.fields.scalars import AS_NUMBER, UNSENDABLE_VALUE, convert_value
from reverse_etl.destinations.iterable.identifier_columns import name_users, pick_identifier_columns
from reverse_etl.destinations.iterable.identity import Identifiers, pick_identifier
from reverse_etl.destinations.iterable.objects.activity import (
    WINDOW,
    ActivityEntry,
    bind_activity,
    choose_ids,
    hash_id,
    read_user_refusal,
    time_and_source,
    time_and_source_columns,
)
from reverse_etl.destinations.iterable.objects.commerce_items import Items, ItemsKey, ItemsReader
from reverse_etl.destinations.iterable.protocol.single import Single
from reverse_etl.destinations.iterable.resources.journeys import NEW_USER, PURCHASE
from reverse_etl.destinations.operation import Operations, Row, UnfitRow
from reverse_etl.destinations.request import Endpoint, Reply
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, Requirement

# Swagger states no limit; this many single requests a second are a safe choice.
TRACK_PURCHASE = Endpoint("POST", "/api/commerce/trackPurchase", 100)
# Swagger document.
_MAX_ID_BYTES = 512


class PurchasesEntry(ActivityEntry):
    """Purchases, by POST /api/commerce/trackPurchase."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("purchase_id",)
    object: Literal["purchases"]
    mode: Literal["upsert"] = Key(default="upsert", description="a purchase sent before is updated when it changes")
    purchase_id: ColumnName | None = Key(default=None, description="column with an id that no other purchase has")
    items: Items
    total: RowSource = Key(description="a column, or {value: …}")
    prefer_user_id: bool = Key(
        default=False, description="e-mail projects: create users that are known by user id only"
    )

    def key_fields(self) -> tuple[Field, ...]:
        return (*super().key_fields(), *self.items.key_fields())

    def faults(self, location: EntryLocation) -> list[Fault]:
        missing = [location.fault("missing-key", "`total` is missing", key="total")] if self.total is None else []
        return [*super().faults(location), *missing, *self.items.faults(location)]


def bind(entry: PurchasesEntry, project: ProjectType) -> BoundObject:
    """Return how purchases are identified and sent, one request each."""
    identifiers = Identifiers.of(entry, project)
    total = Requirement(("@total",), "null-total", "`total` is NULL")
    bound = bind_activity(
        entry,
        identifiers,
        operations=Operations(TrackPurchase(skip=entry.skips_unknown)),
        body=partial(_body, entry, identifiers.precedence, entry.items.reader()),
        requirements=[entry.items.requirement(), total],
    )
    columns = partial(_columns, entry, identifiers.precedence, entry.items)
    by_column = ColumnBody(columns, partial(name_users, identifiers.precedence))
    return replace(bound, by_column=by_column, journey_events=(PURCHASE, NEW_USER))


def _body(entry: PurchasesEntry, keys: Sequence[str], read_items: ItemsReader, row: Row) -> Mapping[str, object]:
    user: dict[str, object] = {**pick_identifier(row.key_values, keys)}
    if entry.prefer_user_id and "userId" in user:
        user["preferUserId"] = True
    items = read_items(row)
    if not items:
        raise UnfitRow(UNSENDABLE_VALUE, "`items` is empty")
    return {
        "user": user,
        "id": _purchase_id(entry, row.identity),
        "items": items,
        "total": convert_value("total", row.key_values["total"], AS_NUMBER),
        **time_and_source(row.key_values),
        "dataFields": row.data,
    }


def _columns(entry: PurchasesEntry, keys: Sequence[str], items: ItemsKey, rows: RowColumns) -> ColumnMembers | None:
    import pyarrow.compute as pc

    from reverse_etl.destinations.iterable.fields.scalar_columns import fit_column  # imports `pyarrow`

    arrays = items.read_columns(rows, may_be_empty=False)
    if arrays is None:
        return None
    user = pick_identifier_columns(keys, rows)
    if entry.prefer_user_id and "userId" in user:
        user["preferUserId"] = JsonColumn(pc.if_else(user["userId"].texts.is_valid(), "true", None))
    return {
        "user": user,
        "id": _purchase_ids(entry, rows.identity),
        "items": arrays,
        "total": require_value(fit_column(rows.key_values["total"], AS_NUMBER)),
        **time_and_source_columns(entry, rows),
        "dataFields": rows.build_data(),
    }


def _purchase_ids(entry: PurchasesEntry, identity: JsonColumn) -> JsonColumn:
    import pyarrow.compute as pc

    length = pc.subtract(pc.binary_length(identity.texts), 2)
    most = _MAX_ID_BYTES if entry.purchase_id is not None else 0
    chosen = choose_ids(entry.sync_name, identity, pc.and_(pc.greater(length, 0), pc.less_equal(length, most)))
    # JSON with escapes is longer than its text.
    escaped = pc.and_(pc.greater(length, most), pc.match_substring(identity.texts, "\\"))
    return JsonColumn(chosen.texts, {*chosen.odd, *find_rows(escaped)})


def _purchase_id(entry: PurchasesEntry, identity: str) -> str:
    is_usable = entry.purchase_id is not None and 0 < len(identity.encode()) <= _MAX_ID_BYTES
    return identity if is_usable else hash_id(entry.sync_name, identity)


@dataclass(frozen=True)
class TrackPurchase(Single):
    """Tracks a purchase, or updates the one with its id. `skip`: rows of unknown users are skipped."""

    skip: bool = True
    endpoint: Endpoint = TRACK_PURCHASE
    window: int = WINDOW

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return read_user_refusal(change, reply, skip=self.skip)


PURCHASES = IterableObject(PurchasesEntry, SyncOrder.COMMERCE, bind)
