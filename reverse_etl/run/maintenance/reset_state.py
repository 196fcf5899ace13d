"""Resets the state of a sync under its lease, so that the next run sends every row. Sends nothing."""

from __future__ import annotations

from reverse_etl.errors import ConfigError
from reverse_etl.run.checks.guard_checks import relation_error, target_error
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.leases import new_lease, release_on_error, take_lease
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.journal import lease_lost_error
from reverse_etl.snapshot.lease import check_not_moved
from reverse_etl.snapshot.run_history import RESET, RunRow, record_run
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.warehouses.base import Warehouse


def reset_sync(runnable: RunnableSync, warehouse: Warehouse, environment: RunEnvironment) -> int:
    """Delete what was accepted and held back. Return the number of entries. Forgotten users stay forgotten.

    Raises ConfigError if the state is elsewhere, if the target may not send, or if the sync snapshot belongs to another
    relation; LeaseError if a run is alive.
    """
    _raise_if(target_error(runnable))
    began = environment.clock.wall()
    store = SnapshotStore(warehouse, environment.settings.state_schema, runnable.sync, runnable.layout)
    row = store.lease_row()
    if row is not None:
        check_not_moved(runnable.sync.name, row)
        _raise_if(relation_error(runnable, row, environment.invocation.allowed))
    store.prepare_lease(environment.clock.new_id(), environment.clock.new_id())
    store.repair(0)
    lease = new_lease(store, environment, began)
    row = take_lease(store, lease, environment)
    with release_on_error(lease):
        if row.run is not None:
            store.finish(row.run.fence)
        store.clear()
        if not lease.reset():
            raise lease_lost_error(lease.fence)
    invocation = environment.invocation
    row_of_reset = RunRow(invocation.id, lease.fence, RESET, began, "", {}, None, invocation.origin())
    record_run(warehouse, store.tables, row_of_reset)
    return row.entries


def _raise_if(error: ConfigError | None) -> None:
    if error is not None:
        raise error
