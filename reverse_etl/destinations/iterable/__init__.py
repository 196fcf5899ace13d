"""The destination Iterable, over HTTP; knows no SQL, no dbt and no warehouse. This file is the table of objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reverse_etl.destinations.iterable.base import IterableObject, ProjectType
from reverse_etl.destinations.iterable.objects.carts import CARTS
from reverse_etl.destinations.iterable.objects.catalogs import CATALOG_ITEMS
from reverse_etl.destinations.iterable.objects.email_changes import EMAIL_CHANGES
from reverse_etl.destinations.iterable.objects.events import EVENTS
from reverse_etl.destinations.iterable.objects.lists import LIST_MEMBERS
from reverse_etl.destinations.iterable.objects.purchases import PURCHASES
from reverse_etl.destinations.iterable.objects.subscriptions import SUBSCRIPTIONS
from reverse_etl.destinations.iterable.objects.user_deletions import USER_DELETIONS
from reverse_etl.destinations.iterable.objects.user_merges import USER_MERGES
from reverse_etl.destinations.iterable.objects.users import USERS

if TYPE_CHECKING:
    from reverse_etl.definition.entry import Entry
    from reverse_etl.destinations.bound_object import BoundObject
    from reverse_etl.sync import Sync

OBJECTS: Mapping[str, IterableObject[Any]] = {
    "users": USERS,
    "events": EVENTS,
    "catalog_items": CATALOG_ITEMS,
    "purchases": PURCHASES,
    "carts": CARTS,
    "email_changes": EMAIL_CHANGES,
    "user_deletions": USER_DELETIONS,
    "list_members": LIST_MEMBERS,
    "subscriptions": SUBSCRIPTIONS,
    "user_merges": USER_MERGES,
}


def entries() -> Mapping[str, type[Entry]]:
    """Return the class of each object's entry."""
    return {name: noun.entry for name, noun in OBJECTS.items()}


def bind(sync: Sync, project_type: str) -> BoundObject:
    """Return how the rows of a sync are identified, encoded and sent in a project of this type."""
    return OBJECTS[sync.object].bind_sync(sync, ProjectType(project_type))
