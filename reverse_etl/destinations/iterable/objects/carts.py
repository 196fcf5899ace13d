"""Carts: the shopping carts of users, one request each, by POST /api/commerce/updateCart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.change import Change, Outcome
from reverse_etl.definition.entry import ColumnName, Entry
from reverse_etl.definition.faults import EntryLocation
from reverse_etl.destinations.bound_object import BoundObject
from reverse_etl.destinations.column_body import ColumnBody, ColumnMembers, RowColumns
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, SyncOrder
from reverse_etl.destinations.iterable.identity import (
    JSON_NAMES,
    Identifiers,
    Prefer,
    missing_identifier,
    person_columns,
)
from reverse_etl.destinations.iterable.objects.activity import WINDOW, read_user_refusal
from reverse_etl.destinations.iterable.objects.commerce_items import Items, ItemsReader
from reverse_etl.destinations.iterable.protocol.single import Single
from reverse_etl.destinations.iterable.resources.journeys import CART_CLEARED, CART_UPDATE, NEW_USER
from reverse_etl.destinations.iterable.resources.user_lookup import FIRST_RECHECK
from reverse_etl.destinations.operation import Operations, Row
from reverse_etl.destinations.request import Endpoint, Reply
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, OnRemoved

# Swagger states no limit; this many single requests a second are a safe choice.
UPDATE_CART = Endpoint("POST", "/api/commerce/updateCart", 100)


class CartsEntry(Entry):
    """Shopping carts, by POST /api/commerce/updateCart."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("email", "user_id")
    object: Literal["carts"]
    mode: Literal["upsert"] = Key(default="upsert", description="a row's items replace what the cart holds")
    email: ColumnName | None = None
    user_id: ColumnName | None = None
    prefer: Prefer = None
    items: Items
    on_removed: Literal["ignore", "clear"] = Key(default="ignore", description="clear: the cart is emptied")
    unknown_users: Literal["skip", "reject"] = Key(
        default="skip", description="rows of users that Iterable neither has nor creates: try again later, or refuse"
    )
    prefer_user_id: bool = Key(
        default=False, description="e-mail projects: create users that are known by user id only"
    )

    def key_fields(self) -> tuple[Field, ...]:
        return self.items.key_fields()

    def removal_action(self) -> OnRemoved:
        return self.on_removed

    def faults(self, location: EntryLocation) -> list[Fault]:
        missing = [] if self.identifiers() else [missing_identifier(location)]
        return [*missing, *self.items.faults(location)]


def bind(entry: CartsEntry, project: ProjectType) -> BoundObject:
    """Return how carts are identified and sent: by their users. An empty array empties the cart."""
    identifiers = Identifiers.of(entry, project)
    identity, others = identifiers.rule(), identifiers.other_fields()
    write = UpdateCart(skip=entry.unknown_users == "skip")
    return BoundObject(
        identity=identity,
        operations=Operations(write, write if entry.on_removed == "clear" else None),
        body=partial(_body, entry, identifiers, entry.items.reader()),
        by_column=ColumnBody(partial(_columns, entry)),
        fields=(*entry.key_fields(), *others),
        requirements=(entry.items.requirement(),),
        people=person_columns(identity, others),
        first_recheck=FIRST_RECHECK,
        check=identifiers.check,
        journey_events=(CART_UPDATE, NEW_USER, *([CART_CLEARED] if entry.on_removed == "clear" else [])),
    )


def _body(entry: CartsEntry, identifiers: Identifiers, read_items: ItemsReader, row: Row) -> Mapping[str, object]:
    user = identifiers.user_of(row)
    if entry.prefer_user_id and JSON_NAMES["user_id"] in user:
        user["preferUserId"] = True
    return {"user": user, "items": [] if row.removed else read_items(row)}


def _columns(entry: CartsEntry, rows: RowColumns) -> ColumnMembers | None:
    items = entry.items.read_columns(rows, may_be_empty=True)
    flags = {"preferUserId": True} if entry.prefer_user_id and rows.key == "user_id" else {}
    return None if items is None else {"user": {JSON_NAMES[rows.key]: rows.identity, **flags}, "items": items}


@dataclass(frozen=True)
class UpdateCart(Single):
    """Replaces a user's cart. `skip`: carts of unknown users are skipped, not rejected."""

    skip: bool = True
    endpoint: Endpoint = UPDATE_CART
    window: int = WINDOW
    effect: str = "their carts are emptied in Iterable"

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return read_user_refusal(change, reply, skip=self.skip, one_user=True)


CARTS = IterableObject(CartsEntry, SyncOrder.COMMERCE, bind)
