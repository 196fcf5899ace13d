"""What a run of an incremental sync compares on request, and the mark that it leaves for the next runs."""

from __future__ import annotations

from reverse_etl.change import ComparisonReport
from reverse_etl.provenance import INCREMENTAL, remembered_source
from reverse_etl.run.context import ApprovedRun, LookedRun
from reverse_etl.run.environment import Invocation
from reverse_etl.snapshot.incremental.mark import read_mark
from reverse_etl.snapshot.lease import LeaseRow
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus


def why_full(invocation: Invocation) -> str:
    """Return why the command compares all rows of an incremental sync; empty if recent rows may be enough."""
    reasons = {
        "`--only` names the rows": bool(invocation.rows.only),
        "`--full-comparison`": invocation.full_comparison,
        "`--full-refresh`": invocation.full_refresh,
        "a baseline compares all rows": invocation.baseline is not None,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def mark_before_sending(context: LookedRun, row: LeaseRow) -> dict[str, object]:
    """Return what to save before the first row is sent: no mark, if the run may leave rows that are not recent.

    `row` is the lease as this run took it. Rows of a quick comparison are still recent by the old mark.
    """
    scope = context.snapshot_status.scope
    is_quick = scope is not None and scope.recent is not None
    has_mark = INCREMENTAL in remembered_source(row.destination)
    keeps = is_quick or context.environment.invocation.rows.only
    return {INCREMENTAL: None} if has_mark and not keeps else {}


def mark_after_run(context: ApprovedRun) -> dict[str, object]:
    """Return what to save after the last row: the new mark, if every compared row is accepted or listed.

    If another run used the sync snapshot between the comparison and this run, its mark stays.
    """
    status, row = context.snapshot_status, context.lease_row
    scope = status.scope
    stays = mark_before_sending(context, row)
    if scope is None or scope.after is None or not context.is_complete or context.is_baseline:
        return stays
    return {INCREMENTAL: scope.after.as_dict()} if read_mark(row.destination) == scope.before else stays


def mark_after_quiet_run(context: LookedRun) -> dict[str, object]:
    """Return what to save if nothing is to be sent: the new mark, if it moved."""
    scope = context.snapshot_status.scope
    is_part = context.environment.invocation.rows.only or context.is_baseline
    if scope is None or scope.after is None or scope.after == scope.before or is_part:
        return {}
    return {INCREMENTAL: scope.after.as_dict()}


def comparison_report(status: SnapshotStatus) -> ComparisonReport | None:
    """Return which rows were compared; None if the sync compares all rows in every run."""
    scope, counts = status.scope, status.counts
    if scope is None:
        return None
    rows, due_in = counts.model_rows - counts.left_out, round(scope.due_in, 1)
    if scope.recent is None:
        return ComparisonReport("full", scope.column, rows, reason=scope.reason, due_in=due_in)
    since = scope.recent.since_text
    return ComparisonReport("quick", scope.column, rows, counts.left_out, since, due_in=due_in)
