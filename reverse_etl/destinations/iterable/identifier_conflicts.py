"""Checks that the syncs of one destination identify users in the same way; opens no connection."""

from __future__ import annotations

from collections.abc import Sequence

from reverse_etl.destinations.iterable import OBJECTS, bind
from reverse_etl.destinations.iterable.base import SyncOrder
from reverse_etl.sync import Sync

_WORDS = {"email": "e-mail", "user_id": "user id"}


def find_identifier_conflicts(syncs: Sequence[tuple[Sync, str]]) -> dict[str, str]:
    """Return warnings, by name of a sync, that another sync of its destination identifies users in another way.

    All are compared with the sync of profiles, or else with the first sync.
    """
    by: dict[str, list[tuple[Sync, str]]] = {}
    for sync, project_type in syncs:
        people = bind(sync, project_type).people
        if people and not OBJECTS[sync.object].names_both_identifiers:
            by.setdefault(sync.destination, []).append((sync, people[0].key))
    return {
        sync.name: _warning(key, *first)
        for group in by.values()
        for first in [min(group, key=lambda one: OBJECTS[one[0].object].order is not SyncOrder.PROFILES)]
        for sync, key in group
        if key != first[1]
    }


def _warning(key: str, other: Sync, others: str) -> str:
    return (
        f"it identifies people by {_WORDS[key]} and sync `{other.name}` by {_WORDS[others]}, so one person can become"
        " two in Iterable; give both the same identifiers, and in a hybrid project the same `prefer`"
    )
