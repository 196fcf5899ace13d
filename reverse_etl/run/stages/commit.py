"""Commit: write the accepted rows into the sync snapshot, in one merge."""

from __future__ import annotations

from reverse_etl.run.context import ApprovedRun
from reverse_etl.run.remembered_destination import remember_destination, seen_model
from reverse_etl.run.sending.readmission import release_readmitted_rows


def commit(context: ApprovedRun) -> ApprovedRun:
    """Return the same run after its merge. Raises LeaseError if another run took the lease."""
    journal, rejections, counts = context.journal, context.rejections, context.counts
    journal.flush()
    context.store.commit(journal.open_run(), journal.untouched, stale=counts.stale > 0, moved=counts.moved)
    rejections.clear_accepted()
    rejections.clear_gone()
    if counts.lists_settled:
        rejections.clear_settled()
    if context.runnable.bound.operations.write.unbars_identities:
        release_readmitted_rows(context)
    if context.snapshot_status.diff.edited and context.is_complete:
        _remember_mapping(context)
    return context


def _remember_mapping(context: ApprovedRun) -> None:
    """Save the edited mapping: the rows that it changed were all sent."""
    row = context.lease_row
    seen = seen_model(context.runnable, row, context.counts.model_rows, is_complete=True)
    remember_destination(context.runnable, context.lease, row, context.environment.invocation.allowed, seen)
