"""Places: what Iterable calls the things that rows belong to, such as a list's id, as our tables remember it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reverse_etl.provenance import ACTION
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.lease import LeaseRow, read_lease
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.tables import tables_of
from reverse_etl.sync import Sync


def remembered_place(
    runnable: RunnableSync, row: LeaseRow, store: SnapshotStore, environment: RunEnvironment
) -> Mapping[str, str]:
    """What this sync, or another one with the same thing, was told by the same project; empty if none was.

    Iterable may not list for a minute what was just made, and would make a second one of the same name.
    """
    for known in (row, *_others(runnable.sync, store, environment)):
        now = runnable.destination.remembered(known.salt)
        same_project = all(known.destination.get(key) == now.get(key) for key in ("host", "project"))
        same_thing = all(known.destination.get(key) == value for key, value in _thing(runnable.sync).items())
        if known.destination and same_project and same_thing:
            return {str(key): str(value) for key, value in known.destination.items()}
    return {}


def _thing(sync: Sync) -> dict[str, str]:
    return {key: value for key, value in sync.scope.items() if key != ACTION}


def _others(sync: Sync, store: SnapshotStore, environment: RunEnvironment) -> Iterator[LeaseRow]:
    """The leases of the other syncs of the destination whose rows belong to the same thing."""
    for other in environment.project.to_destination(sync.destination):
        if other.object == sync.object and other.name != sync.name and _thing(sync) and _thing(other) == _thing(sync):
            tables = tables_of(store.warehouse, store.tables.schema, other.name)
            if store.warehouse.columns(tables.lease) is not None:
                yield read_lease(store.warehouse, tables)
