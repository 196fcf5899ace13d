"""GuardPlan: check the guards again, over the plan. Another run may have changed the sync snapshot since Look."""

from __future__ import annotations

from reverse_etl.change import SyncStatus
from reverse_etl.events import Event
from reverse_etl.provenance import FIRST_RUN_IS_OPEN
from reverse_etl.run.checks.run_guards import find_run_problem
from reverse_etl.run.context import ApprovedRun, End, PlannedRun, advance
from reverse_etl.run.incremental import mark_before_sending
from reverse_etl.run.remembered_destination import remember_destination, seen_model
from reverse_etl.run.sending.journal import Journal, SendDeadlines
from reverse_etl.snapshot.rejections import Recheck, Rejections


def guard_plan(context: PlannedRun) -> ApprovedRun | End:
    """Return the run that may send, or its end: then the plan is dropped and the run is closed."""
    lease, row, environment = context.lease, context.lease_row, context.environment
    problem = find_run_problem(context, context.snapshot_status_under_lease)
    if problem is not None:
        context.store.finish(lease.fence)
        lease.close(entries=row.entries, unknown=False)
        return End(context, problem, SyncStatus.STOPPED, lease.fence)
    is_partial = environment.invocation.rows.is_partial
    seen = seen_model(context.runnable, row, context.counts.model_rows, is_complete=False, is_partial=is_partial)
    # Noted before the first row goes, so that a run that crashes leaves the rest to the guards.
    seen[FIRST_RUN_IS_OPEN] = context.snapshot_status.is_first_run
    seen |= mark_before_sending(context, row)
    remember_destination(context.runnable, lease, row, environment.invocation.allowed, seen)
    recheck = Recheck(environment.settings.recheck_after, context.runnable.bound.first_recheck)
    rejections = Rejections(context.warehouse, context.diff, lease.fence, recheck)
    rejections.record_invalid()
    _report_plan(context)
    journal = Journal(lease, rejections, _deadlines(context))
    return advance(ApprovedRun, context, rejections=rejections, journal=journal, outcomes=journal.outcomes)


def _deadlines(context: PlannedRun) -> SendDeadlines:
    environment, settings = context.environment, context.environment.settings
    clock, stop = environment.clock.monotonic, environment.invocation.stop
    return SendDeadlines(settings.beat, settings.lease_ttl, settings.pause_bound, clock, stop)


def _report_plan(context: PlannedRun) -> None:
    name, rows = context.name, context.planned_rows
    counted = ", ".join(f"{count:,} {kind}" for kind, count in sorted(rows.items())) or "nothing"
    context.environment.report(Event("Planned", f"sync `{name}`: planned {counted}", "info", name, dict(rows)))
