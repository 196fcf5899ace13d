"""Notes comparisons that left nothing behind, so that later runs need not repeat them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from reverse_etl.change import Status
from reverse_etl.errors import WarehouseError
from reverse_etl.provenance import SOURCE, remembered_source
from reverse_etl.run.context import ApprovedRun, LookedRun
from reverse_etl.run.incremental import mark_after_quiet_run
from reverse_etl.snapshot.lease import LeaseRow, note_in_free_lease
from reverse_etl.snapshot.model_versions.comparison_note import COMPARED, ComparisonNote


def note_quiet_run(context: LookedRun) -> None:
    """Note a comparison that found nothing to do. This run does not hold the lease, so no run may have taken it since.

    The note only saves work. If it cannot be written, the next run compares again.
    """
    lease = context.snapshot_status.lease
    if lease is None or context.snapshot_status.is_first_run or lease.holder is not None or lease.run is not None:
        return
    seen = {**_note_of_quiet_run(context, lease), **mark_after_quiet_run(context)}
    source = {**remembered_source(lease.destination), **seen}
    if seen:
        with suppress(WarehouseError):
            note_in_free_lease(context.warehouse, context.store.tables, lease, {**lease.destination, SOURCE: source})


def _note_of_quiet_run(context: LookedRun, lease: LeaseRow) -> dict[str, object]:
    counts, note = context.snapshot_status.counts, _note(context, lease)
    holds_rows = counts.quarantined or counts.listed_refused or not counts.entries
    return {} if note is None or holds_rows else {COMPARED: note.as_dict()}


def note_of_complete_run(context: ApprovedRun) -> dict[str, object]:
    """Return the note about a run whose rows were all accepted, as part of what the lease remembers; else nothing."""
    counts, invocation = context.outcomes.counts, context.environment.invocation
    others = sum(count for status, count in counts.items() if status is not Status.ACCEPTED)
    is_complete = context.is_complete and not invocation.rows.is_partial and not context.is_baseline
    if not is_complete or others or context.outcomes.left or context.counts.quarantined:
        return {}
    note = _note(context, replace(context.lease_row, fence=context.lease.fence))
    return {} if note is None else {COMPARED: note.as_dict()}


def _note(context: LookedRun, lease: LeaseRow) -> ComparisonNote | None:
    version = context.snapshot_status.version
    if version is None:
        return None
    rows, since = context.counts.model_rows, context.started_at
    return ComparisonNote(version.table, version.digest, lease.fence, rows, since, lease.now)
