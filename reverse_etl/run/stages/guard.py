"""Guard: end the run if a guard stops it, or if there is nothing to do. Reads only."""

from __future__ import annotations

from reverse_etl.change import SyncStatus
from reverse_etl.run.checks.run_guards import find_run_problem
from reverse_etl.run.context import End, LeasedRun, LookedRun
from reverse_etl.run.model_versions.notes import note_quiet_run


def guard(context: LookedRun) -> LookedRun | End:
    """Return the same run, or its end. Nothing is written yet."""
    problem = find_run_problem(context, context.snapshot_status)
    if problem is not None:
        return End(context, problem, SyncStatus.STOPPED)
    if _has_work(context):
        return context
    note_quiet_run(context)
    return End(context)


def guard_connected(context: LeasedRun) -> LeasedRun | End:
    """Check again with what the destination said: it may differ from what the sync snapshot remembers."""
    problem = find_run_problem(context, context.snapshot_status_under_lease)
    if problem is None:
        return context
    context.lease.release()
    return End(context, problem, SyncStatus.STOPPED)


def _has_work(context: LookedRun) -> bool:
    """Return whether there are rows to send, tables or entries to update, or a run to recover."""
    status, counts = context.snapshot_status, context.snapshot_status.counts
    open_run = status.lease is not None and status.lease.run is not None
    tables_need_update = status.needs_update or status.integrity_problem is not None
    entries_need_update = counts.stale or counts.moved or counts.lists_settled
    resends = context.environment.invocation.full_refresh and counts.entries
    rows = context.rows_to_send or counts.invalid_rows or resends
    return bool(rows or tables_need_update or entries_need_update or open_run)
