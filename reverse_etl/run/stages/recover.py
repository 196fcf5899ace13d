"""Recover: commit what the destination accepted from a crashed run, and close that run. It is never continued."""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.counting import plural
from reverse_etl.events import Event
from reverse_etl.run.context import LeasedRun
from reverse_etl.run.leases import ALLOWED
from reverse_etl.snapshot.lease import OpenRun
from reverse_etl.snapshot.run_history import CRASHED, RunOrigin, RunRow, record_run


def recover(context: LeasedRun) -> LeasedRun:
    """Return the run with a lease that has no open run. Report what was recovered."""
    row, name = context.lease_row, context.name
    if row.run is None:
        return context
    found = context.store.recover(context.lease, row.run)
    _record_overrides(context, row.run)
    unknown, fence = found.unknown, row.run.fence
    # Without credit, nothing was sent.
    what = f"which crashed; to send again: {plural(unknown, 'row')}" if row.run.credit else "which sent nothing"
    message = f"sync `{name}`: took over run {fence}, {what}"
    level, data = "warn" if row.run.credit else "info", {"fence": fence, "unknown": unknown}
    context.environment.report(Event("RunRecovered", message, level, name, data))
    row = replace(row, run=None, entries=found.entries)
    return replace(context, lease_row=row, recovered_removals=found.removed)


def _record_overrides(context: LeasedRun, crashed: OpenRun) -> None:
    """Write the crashed run into the history if it ran with allowed guards, with who allowed them."""
    before = context.snapshot_status.lease
    if before is None or before.run is None or before.run.fence != crashed.fence or not before.holder_note.get(ALLOWED):
        return
    note = {key: before.holder_note.get(key) for key in ("invocation_id", "started_at", "user", "host")}
    invocation, began, user, host = (str(value or "") for value in note.values())
    allowed = before.holder_note[ALLOWED]
    origin = RunOrigin(user, host, tuple(map(str, allowed)) if isinstance(allowed, list) else ())
    began = began or context.started_at
    record_run(
        context.warehouse, context.store.tables, RunRow(invocation, crashed.fence, CRASHED, began, "", {}, None, origin)
    )
