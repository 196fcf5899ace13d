"""Recover: commit what the destination accepted from a crashed run, and close that run. It is never continued."""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.counting import plural
from reverse_etl.events import Event
from reverse_etl.run.context import LeasedRun


def recover(context: LeasedRun) -> LeasedRun:
    """Return the run with a lease that has no open run. Report what was recovered."""
    row, name = context.lease_row, context.name
    if row.run is None:
        return context
    found = context.store.recover(context.lease, row.run)
    unknown, fence = found.unknown, row.run.fence
    # Without credit, nothing was sent.
    what = f"which crashed; to send again: {plural(unknown, 'row')}" if row.run.credit else "which sent nothing"
    message = f"sync `{name}`: took over run {fence}, {what}"
    level, data = "warn" if row.run.credit else "info", {"fence": fence, "unknown": unknown}
    context.environment.report(Event("RunRecovered", message, level, name, data))
    row = replace(row, run=None, entries=found.entries)
    return replace(context, lease_row=row, recovered_removals=found.removed)
