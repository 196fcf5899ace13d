"""Acquire: take the lease, and start the heartbeat that keeps it."""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.run.context import LeasedRun, LookedRun, advance
from reverse_etl.run.heartbeat import Heartbeat
from reverse_etl.run.leases import acquire_lease, new_lease
from reverse_etl.warehouses.mark import Mark


def acquire(context: LookedRun) -> LeasedRun:
    """Return the run with its lease and a client of the destination. Raises LeaseError if another run is active."""
    environment, store, warehouse = context.environment, context.store, context.warehouse
    with warehouse.idle():
        client = environment.connections.client(context.runnable.destination)
    context.resources.callback(client.close)
    lease = new_lease(store, environment, context.started_at)
    store.prepare_lease(environment.clock.new_id(), environment.clock.new_id())
    if context.snapshot_status.integrity_problem is not None:
        store.repair(context.snapshot_status.counts.newest)
    row = acquire_lease(store, lease, environment)
    # While this run works in an exclusive warehouse, no other run can take the lease.
    open_session = None if warehouse.exclusive else environment.connections.open_session
    mark = Mark(environment.invocation.id, context.name, "heartbeat")
    context.resources.enter_context(Heartbeat(lease, open_session, environment.settings.beat, mark))
    return advance(LeasedRun, context, client=client, lease=lease, lease_row=replace(row, holder=None))
