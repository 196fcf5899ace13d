"""Carts: what lies in users' shopping carts, one request each, by POST /api/commerce/updateCart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.change import Change, Outcome
from reverse_etl.definition.entry import ColumnName, Entry
from reverse_etl.definition.faults import Place
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, Stage
from reverse_etl.destinations.iterable.identity import (
    FIRST_RECHECK,
    NAMES,
    Prefer,
    identifier_faults,
    key_of,
    missing_identifier,
    other_identifiers,
    people_of,
    user_rule,
)
from reverse_etl.destinations.iterable.objects.activity import WINDOW, refused_person, skips_unknown
from reverse_etl.destinations.iterable.objects.commerce_items import Items, items_key
from reverse_etl.destinations.iterable.protocol.single import Single
from reverse_etl.destinations.operation import Body, Operations, Row
from reverse_etl.destinations.request import Endpoint, Reply
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, OnRemoved, PersonColumn, Requirement, Sync

# Swagger states no limit; this many single requests a second are the safe side.
UPDATE_CART = Endpoint("POST", "/api/commerce/updateCart", 100)


class CartsEntry(Entry):
    """Shopping carts, by POST /api/commerce/updateCart."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("email", "user_id")
    OPTIONS: ClassVar[tuple[str, ...]] = ("unknown_users", "prefer", "prefer_user_id", "items")
    object: Literal["carts"]
    mode: Literal["upsert"] = Key(default="upsert", description="a row's items replace what the cart holds")
    email: ColumnName | None = None
    user_id: ColumnName | None = None
    prefer: Prefer = None
    items: Items
    on_removed: Literal["ignore", "clear"] = Key(default="ignore", description="clear: the cart is emptied")
    unknown_users: Literal["skip", "reject"] = Key(
        default="skip", description="rows of users that Iterable lacks and does not make: try again later, or refuse"
    )
    prefer_user_id: bool = Key(
        default=False, description="e-mail projects: create users that are known by user id only"
    )

    def own(self) -> tuple[Field, ...]:
        own: tuple[Field, ...] = self.items.own()
        return own

    def removal(self) -> OnRemoved:
        return self.on_removed

    def faults(self, place: Place) -> list[Fault]:
        missing = [] if self.identifiers() else [missing_identifier(place)]
        return [*missing, *self.items.faults(place)]


@dataclass(frozen=True)
class UpdateCart(Single):
    """Replace a user's cart. `skip`: those of unknown users are skipped, not rejected."""

    skip: bool = True
    endpoint: Endpoint = UPDATE_CART
    window: int = WINDOW
    effect: str = "their carts are emptied in Iterable"

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return refused_person(change, reply, skip=self.skip, one_user=True)


class Carts(IterableObject):
    """What users are about to buy."""

    name = "carts"
    entry = CartsEntry
    stage = Stage.COMMERCE
    first_recheck = FIRST_RECHECK

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        return identifier_faults(sync, project)

    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        return user_rule(sync, project)

    def extra_fields(self, sync: Sync, project: ProjectType) -> tuple[Field, ...]:
        return (*sync.own, *other_identifiers(sync, project))

    def people(self, sync: Sync, project: ProjectType) -> tuple[PersonColumn, ...]:
        return people_of(self.identity(sync, project), other_identifiers(sync, project))

    def requirements(self, sync: Sync, project: ProjectType) -> tuple[Requirement, ...]:
        """An empty array empties the cart; NULL says nothing of it."""
        del project
        return (items_key(sync).requirement(),)

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        del project
        write = UpdateCart(skip=skips_unknown(sync))
        return Operations(write, write if sync.on_removed == "clear" else None)

    def body(self, sync: Sync, project: ProjectType) -> Body:
        items = items_key(sync).reader()
        first = key_of(sync, project)
        prefer = {"preferUserId": True} if sync.option("prefer_user_id") else {}

        def make(row: Row) -> Mapping[str, object]:
            key = row.key or first
            user: dict[str, object] = {NAMES[key]: row.identity}
            user |= prefer if key == "user_id" else {}
            return {"user": user, "items": [] if row.removed else items(row)}

        return make
