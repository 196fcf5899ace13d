"""Remembers where rows went, and ids that the destination gave, such as a list's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from reverse_etl.guards.target import destination, relation
from reverse_etl.provenance import ACTION, FIELDS, FIRST_RUN_IS_OPEN, INCREMENTAL, ROWS, SOURCE, remembered_source
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.journal import lease_lost_error
from reverse_etl.snapshot.columns.mapping import mapping_of
from reverse_etl.snapshot.lease import Lease, LeaseRow, read_lease
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.tables import tables_of
from reverse_etl.sync import Sync

# What a run notes of the model. The rest of the source says which relation it reads.
_NOTED = (ROWS, FIELDS, FIRST_RUN_IS_OPEN, INCREMENTAL)


def remember_destination(
    runnable: RunnableSync,
    lease: Lease,
    row: LeaseRow,
    allowed: Collection[str],
    seen: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Save where the rows of this run go. Raises LeaseError if another run took the lease.

    If `--allow` let a guard pass for this run, what it compares with stays as it was. `seen`: what guards of later runs
    compare the model with, see `seen_model`.
    """
    # Rows that another destination accepted must stay separate.
    passed = () if row.is_empty else allowed
    remembered = destination_to_remember(row.destination, runnable.remembered(row.salt), passed)
    remembered[SOURCE] = {**remembered_source(remembered), **seen}
    if not lease.remember(remembered, runnable.layout.key_columns):
        raise lease_lost_error(lease.fence)


def destination_to_remember(
    remembered: Mapping[str, object], now: Mapping[str, object], allowed: Collection[str]
) -> dict[str, object]:
    """Return what a sync snapshot remembers of its destination and relation after a run."""
    noted = {key: value for key, value in remembered_source(remembered).items() if key in _NOTED}
    source = {**remembered_source(now), **noted}
    kept = {**remembered, **now, SOURCE: source}
    if destination.GUARD.name in allowed and remembered:
        kept = {**remembered, SOURCE: source}
    if relation.GUARD.name in allowed and remembered_source(remembered):
        kept[SOURCE] = remembered[SOURCE]
    return kept


def seen_model(
    runnable: RunnableSync, row: LeaseRow, model_rows: int, *, is_complete: bool, is_partial: bool = False
) -> dict[str, object]:
    """Return what guards of later runs compare the model with: its rows, and the mapping of its fields.

    An edited mapping is only remembered after a complete run. Until then, its changes still count as an edit. A partial
    run, which leaves rows out on purpose, is not judged by all rows, so later runs compare with the run before it.
    """
    knows_mapping = FIELDS in remembered_source(row.destination) and not row.is_empty
    mapping = {FIELDS: mapping_of(runnable.layout.values)} if is_complete or not knows_mapping else {}
    rows = {} if is_partial and not row.is_empty else {ROWS: model_rows}
    return {**rows, **mapping}


def find_known_resources(
    runnable: RunnableSync, row: LeaseRow, store: SnapshotStore, environment: RunEnvironment
) -> Mapping[str, str]:
    """Return what the destination said to this sync, or to another sync with the same scope; empty if nothing.

    A destination may not list a new resource for a minute, and would create a second one with the same name.
    """
    for known in (row, *_leases_of_same_scope(runnable.sync, store, environment)):
        now = runnable.destination.remembered(known.salt)
        same_project = all(known.destination.get(key) == now.get(key) for key in ("host", "project"))
        same_scope = all(known.destination.get(key) == value for key, value in _scope(runnable.sync).items())
        if known.destination and same_project and same_scope:
            return {str(key): str(value) for key, value in known.destination.items()}
    return {}


def _scope(sync: Sync) -> dict[str, str]:
    """Return what the rows of a sync belong to, without the action."""
    return {key: value for key, value in sync.scope.items() if key != ACTION}


def _leases_of_same_scope(sync: Sync, store: SnapshotStore, environment: RunEnvironment) -> Iterator[LeaseRow]:
    """Return the leases of the other syncs of the destination with the same scope."""
    for other in environment.project.to_destination(sync.destination):
        if other.object == sync.object and other.name != sync.name and _scope(sync) and _scope(other) == _scope(sync):
            tables = tables_of(store.warehouse, store.tables.schema, other.name)
            if store.warehouse.columns(tables.lease) is not None:
                yield read_lease(store.warehouse, tables)
