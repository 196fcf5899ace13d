"""Resetting: what was accepted of a sync is forgotten on purpose, under its lease; sends nothing."""

from __future__ import annotations

from reverse_etl.errors import ConfigError
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.leases import new_lease, take
from reverse_etl.run.ready import Ready
from reverse_etl.run.stages.guarding import forbidden_target, foreign_relation
from reverse_etl.run.stages.journal import fenced
from reverse_etl.snapshot.look import check_place
from reverse_etl.snapshot.runs import RESET, RunRow, record_run
from reverse_etl.snapshot.store import SnapshotStore
from reverse_etl.warehouses.base import Warehouse


def reset_sync(ready: Ready, warehouse: Warehouse, environment: RunEnvironment) -> int:
    """Forget what was accepted and held back; the number of entries. Forgotten users stay forgotten.

    Raises ConfigError if the state is elsewhere, if the target may not send, or if another relation feeds the sync
    snapshot; LeaseError if a run is alive.
    """
    _refuse(forbidden_target(ready))
    began = environment.clock.wall()
    store = SnapshotStore(warehouse, environment.settings.state_schema, ready.sync, ready.shape)
    row = store.lease_row()
    if row is not None:
        check_place(ready.sync.name, row)
        _refuse(foreign_relation(ready, row, environment.invocation.allowed))
    store.prepare_lease(environment.clock.new_id(), environment.clock.new_id())
    store.repair(0)
    lease = new_lease(store, environment, began)
    row = take(store, lease, environment)
    if row.run is not None:
        store.finish(row.run.fence)
    store.clear()
    if not lease.reset():
        raise fenced(lease.fence)
    record_run(warehouse, store.tables, RunRow(environment.invocation.id, lease.fence, RESET, began, "", {}, None))
    return row.entries


def _refuse(problem: ConfigError | None) -> None:
    if problem is not None:
        raise problem
