"""Commit: write the accepted rows into the sync snapshot, in one merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reverse_etl.change import Status
from reverse_etl.provenance import FIRST_RUN_IS_OPEN
from reverse_etl.run.checks.first_run import allows_whole_first_run
from reverse_etl.run.context import ApprovedRun
from reverse_etl.run.incremental import mark_after_run
from reverse_etl.run.model_versions.notes import note_of_complete_run
from reverse_etl.run.remembered_destination import remember_destination, seen_model
from reverse_etl.run.sending.readmission import release_readmitted_rows


def commit(context: ApprovedRun) -> ApprovedRun:
    """Return the same run after its merge. Raises LeaseError if another run took the lease."""
    journal, rejections, counts = context.journal, context.rejections, context.counts
    journal.flush()
    context.store.commit(journal.open_run(), journal.untouched, stale=counts.stale > 0, moved=counts.moved)
    rejections.clear_accepted()
    if context.diff.recent is None:
        rejections.clear_gone()
    if counts.lists_settled:
        rejections.clear_settled()
    if context.runnable.bound.operations.write.unbars_identities:
        context = replace(context, warnings=(*context.warnings, *release_readmitted_rows(context)))
    sent_edit = bool(context.snapshot_status.diff.edited) and context.is_complete
    note = note_of_complete_run(context)
    if sent_edit or note or _ends_first_run(context) or context.snapshot_status.scope is not None:
        _remember_end(context, note, sent_edit=sent_edit)
    return context


def _ends_first_run(context: ApprovedRun) -> bool:
    took_nothing = context.is_baseline and not context.outcomes.counts[Status.ADOPTED]
    if took_nothing or not context.snapshot_status.is_first_run:
        return False
    return context.is_whole or allows_whole_first_run(context.environment.invocation)


def _remember_end(context: ApprovedRun, note: Mapping[str, object], *, sent_edit: bool) -> None:
    """Save what guards of later runs compare with: an edited mapping if all its rows were sent, a first run's end.

    `note` says which version of the model need not be compared again.
    """
    row, invocation = context.lease_row, context.environment.invocation
    rows, is_partial = context.counts.model_rows, invocation.rows.is_partial
    seen = seen_model(context.runnable, row, rows, is_complete=sent_edit, is_partial=is_partial)
    seen |= note
    seen[FIRST_RUN_IS_OPEN] = context.snapshot_status.is_first_run and not _ends_first_run(context)
    seen |= mark_after_run(context)
    remember_destination(context.runnable, context.lease, row, invocation.allowed, seen)
