"""`destination accept`: say that the present destination is the one a sync snapshot belongs to, as after a new key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reverse_etl.cli.session import Session
from reverse_etl.cli.triage import Triage

if TYPE_CHECKING:
    from reverse_etl.run.ready import Ready, Wiring
    from reverse_etl.warehouses.base import Warehouse


def accept(session: Session) -> None:
    """Accept the destination; send nothing. Its host, project and key count as those that took the rows."""
    from reverse_etl.assemble import RunOptions, wire

    triage = Triage(session)
    if triage.failure is not None:
        raise triage.failure
    if not triage.open:
        return
    wiring = wire(session.project, session.console.tell, RunOptions())
    with session.warehouse(read_only=False) as warehouse:
        triage.fit(warehouse)
        triage.tell()
        for ready in triage.ready.values():
            session.console.lines(session.attempt(partial(_accept, ready, warehouse, wiring)))


def _accept(ready: Ready, warehouse: Warehouse, wiring: Wiring) -> str:
    """Under the lease, as a run would; what a run that died has left behind is rolled forward first."""
    from reverse_etl.run.acquire import acquire
    from reverse_etl.run.journal import fenced
    from reverse_etl.snapshot.lease import Holder, Lease
    from reverse_etl.snapshot.store import SnapshotStore

    settings, name = wiring.settings, ready.sync.name
    store = SnapshotStore(warehouse, settings.state_schema, ready.sync, ready.shape)
    before = store.lease_row()
    if before is None or not before.destination:
        return f"sync {name}: nothing was sent yet, so there is nothing to accept"
    store.check_lease(before)
    holder = Holder(wiring.new_id(), {**wiring.holder_note, "beat": settings.beat, "started_at": wiring.wall()})
    lease = Lease(warehouse, store.tables, holder, settings.lease_ttl, settings.late_request_bound)
    row = acquire(store, lease, wiring)
    entries = row.entries
    if row.run is not None:
        store.recover(lease, row.run)
        entries = store.live_entries()
    # What only Iterable tells, such as a list's number, stays as it was.
    lease.remember({**row.destination, **ready.remembered(row.salt)}, ready.shape.key_columns)
    if not lease.close(entries=entries, unknown=False):
        raise fenced(lease.fence)
    return f"sync {name}: {ready.destination.host} is its destination now"
