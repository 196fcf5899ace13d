"""Plan: open the run and write the changed rows, numbered, to the plan table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reverse_etl.run.checks.first_run import with_oldest_row
from reverse_etl.run.context import LeasedRun, PlannedRun, advance
from reverse_etl.run.sending.journal import lease_lost_error
from reverse_etl.run.sending.user_pause import UserPause, find_pause
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.snapshot.sql.rows_left import planned_counts, sent_rows


def write_plan(context: LeasedRun) -> PlannedRun:
    """Return the run with its plan. Raises LeaseError if another run took the lease."""
    store, fence = context.store, context.lease.fence
    store.prepare_snapshot()
    if context.environment.invocation.full_refresh:
        store.forget_acceptance()
    # Opened before the plan exists, so that the next run drops a plan that was not sent.
    if not context.lease.open_run():
        raise lease_lost_error(fence)
    pause = find_pause(context.runnable, store, context.environment)
    diff = _diff(context, pause)
    notes_rows_left = context.snapshot_status.counts.moved and diff.chosen is None
    written = store.write_plan(replace(diff, notes_rows_left=notes_rows_left), fence)
    rows = sent_rows(written)
    store.check_plan(fence)
    status = _current_status(context, diff, rows)
    return advance(
        PlannedRun,
        context,
        snapshot_status=status,
        diff=diff,
        pause=pause,
        counts=planned_counts(status.counts, written, acts=diff.acts_on_removed),
        planned_rows=rows,
        changed_fields=store.changed_fields(fence),
    )


def _diff(context: LeasedRun, pause: UserPause | None) -> Diff:
    """Return the comparison that makes the plan. It compares as the first comparison had to."""
    status = context.snapshot_status
    thorough = status.diff.thorough or status.counts.mostly_new
    waiting = pause.waiting if pause is not None else None
    diff = replace(context.store.diff(), thorough=thorough, waiting=waiting, recent=status.diff.recent)
    diff = diff.by_means_of(status.diff)
    keeps_rows = not context.environment.invocation.full_refresh and status.keeps_rows_of(diff, context.lease.fence)
    return replace(diff, thorough=False, keeps_rows=True) if keeps_rows else diff


def _current_status(context: LeasedRun, diff: Diff, rows: Mapping[str, int]) -> SnapshotStatus:
    """Return the status that fits the plan: the model or the sync snapshot may have changed since the first one."""
    status, row = context.snapshot_status, context.lease_row
    if not status.counts.agree(rows, acts=diff.acts_on_removed) or status.counts.entries != row.entries:
        status = context.store.compare(row, thorough=diff.thorough, scope=status.scope)
        status = with_oldest_row(status, context.runnable, context.store)
    return replace(status, lease=row, removed_before=status.removed_before + context.recovered_removals)
