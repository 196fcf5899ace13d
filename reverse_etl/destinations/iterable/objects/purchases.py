"""Purchases: orders of users, one request each, by POST /api/commerce/trackPurchase, which empties the user's cart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.change import Change, Outcome
from reverse_etl.definition.entry import ColumnName, Source
from reverse_etl.definition.faults import Place
from reverse_etl.destinations.iterable.base import ProjectType, Stage
from reverse_etl.destinations.iterable.fields.scalars import NUMBER, UNSENDABLE, fit
from reverse_etl.destinations.iterable.identity import person, precedence
from reverse_etl.destinations.iterable.objects.activity import (
    WINDOW,
    Activity,
    ActivityEntry,
    activity_requirements,
    attribution,
    refused_person,
    skips_unknown,
    stable_id,
)
from reverse_etl.destinations.iterable.objects.commerce_items import Items, items_key
from reverse_etl.destinations.iterable.protocol.single import Single
from reverse_etl.destinations.operation import Body, Operations, Row, UnfitRow
from reverse_etl.destinations.request import Endpoint, Reply
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, Requirement, Sync

# Swagger states no limit; this many single requests a second are the safe side.
TRACK_PURCHASE = Endpoint("POST", "/api/commerce/trackPurchase", 100)
# Swagger document.
_MOST_ID_BYTES = 512


class PurchasesEntry(ActivityEntry):
    """Purchases, by POST /api/commerce/trackPurchase."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("purchase_id",)
    OPTIONS: ClassVar[tuple[str, ...]] = (*ActivityEntry.OPTIONS, "prefer_user_id", "items")
    object: Literal["purchases"]
    mode: Literal["upsert"] = Key(default="upsert", description="a purchase sent before is updated when it changes")
    purchase_id: ColumnName | None = Key(default=None, description="what tells a purchase from every other one")
    items: Items
    total: Source = Key(description="a column, or {value: …}")
    prefer_user_id: bool = Key(
        default=False, description="e-mail projects: create users that are known by user id only"
    )

    def own(self) -> tuple[Field, ...]:
        return (*super().own(), *self.items.own())

    def faults(self, place: Place) -> list[Fault]:
        missing = [place.fault("missing-key", "`total` is missing", key="total")] if self.total is None else []
        return [*super().faults(place), *missing, *self.items.faults(place)]


@dataclass(frozen=True)
class TrackPurchase(Single):
    """Track a purchase, or update the one with its id. `skip`: those of unknown users are skipped, not rejected."""

    skip: bool = True
    endpoint: Endpoint = TRACK_PURCHASE
    window: int = WINDOW

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return refused_person(change, reply, skip=self.skip)


class Purchases(Activity):
    """What users bought."""

    name = "purchases"
    entry = PurchasesEntry
    stage = Stage.COMMERCE

    def requirements(self, sync: Sync, project: ProjectType) -> tuple[Requirement, ...]:
        total = Requirement(("@total",), "null-total", "`total` is NULL")
        return (*activity_requirements(sync, project), items_key(sync).requirement(), total)

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        del project
        return Operations(TrackPurchase(skip=skips_unknown(sync)))

    def body(self, sync: Sync, project: ProjectType) -> Body:
        keys = precedence(sync, project)
        items = items_key(sync).reader()
        prefer = {"preferUserId": True} if sync.option("prefer_user_id") else {}

        def make(row: Row) -> Mapping[str, object]:
            user = person(row.own, keys)
            bought = items(row)
            if not bought:
                raise UnfitRow(UNSENDABLE, "`items` is empty")
            return {
                "user": user | prefer if "userId" in user else user,
                "id": stable_id(sync, row.identity, _mapped(sync, row.identity)),
                "items": bought,
                "total": fit("total", row.own["total"], NUMBER),
                **attribution(row.own),
                "dataFields": row.data,
            }

        return make


def _mapped(sync: Sync, identity: str) -> str:
    fits = 0 < len(identity.encode()) <= _MOST_ID_BYTES
    return identity if "purchase_id" in sync.identifiers and fits else ""
