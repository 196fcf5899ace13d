"""Iterable: speaks HTTP to it; knows no SQL, no dbt and no warehouse. This file is the table of objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reverse_etl.destinations.iterable.base import IterableObject, ProjectType
from reverse_etl.destinations.iterable.objects.carts import Carts
from reverse_etl.destinations.iterable.objects.catalogs import CatalogItems
from reverse_etl.destinations.iterable.objects.email_changes import EmailChanges
from reverse_etl.destinations.iterable.objects.events import Events
from reverse_etl.destinations.iterable.objects.lists import ListMembers
from reverse_etl.destinations.iterable.objects.purchases import Purchases
from reverse_etl.destinations.iterable.objects.subscriptions import Subscriptions
from reverse_etl.destinations.iterable.objects.user_deletions import UserDeletions
from reverse_etl.destinations.iterable.objects.user_merges import UserMerges
from reverse_etl.destinations.iterable.objects.users import Users

if TYPE_CHECKING:
    from reverse_etl.definition.entry import Entry
    from reverse_etl.destinations.bound_object import BoundObject
    from reverse_etl.sync import Sync

OBJECTS: Mapping[str, IterableObject] = {
    "users": Users(),
    "events": Events(),
    "catalog_items": CatalogItems(),
    "purchases": Purchases(),
    "carts": Carts(),
    "email_changes": EmailChanges(),
    "user_deletions": UserDeletions(),
    "list_members": ListMembers(),
    "subscriptions": Subscriptions(),
    "user_merges": UserMerges(),
}


def entries() -> Mapping[str, type[Entry]]:
    """What a definition of each object may say."""
    return {name: noun.entry for name, noun in OBJECTS.items()}


def bind(sync: Sync, project_type: str) -> BoundObject:
    """Return how the rows of a sync are identified, encoded and sent in a project of this type."""
    return OBJECTS[sync.object].bind(sync, ProjectType(project_type))
