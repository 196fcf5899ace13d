"""Guard: end the run if a guard stops it, or if there is nothing to do. Reads only."""

from __future__ import annotations

from reverse_etl.change import SyncStatus
from reverse_etl.run.checks.guard_checks import guard_problem
from reverse_etl.run.context import End, LeasedRun, LookedRun


def guard(context: LookedRun) -> LookedRun | End:
    """Return the same run, or its end before anything is written."""
    problem = guard_problem(context.runnable, context.look, context.environment.invocation.passed_guards)
    if problem is not None:
        return End(context, problem, SyncStatus.STOPPED)
    return context if _has_work(context) else End(context)


def guard_connected(context: LeasedRun) -> LeasedRun | End:
    """Return the same run, or its end: the destination's answers may differ from the sync snapshot."""
    look = context.look_under_lease
    problem = guard_problem(context.runnable, look, context.environment.invocation.passed_guards)
    if problem is None:
        return context
    context.lease.release()
    return End(context, problem, SyncStatus.STOPPED)


def _has_work(context: LookedRun) -> bool:
    """Return whether rows, tables or an open run need work."""
    look, counts = context.look, context.look.counts
    open_run = look.lease is not None and look.lease.run is not None
    tidy = (
        counts.stale or counts.moved or counts.lists_settled or look.needs_update or look.integrity_problem is not None
    )
    resends = context.environment.invocation.full_refresh and counts.entries
    return bool(context.rows_to_send or counts.invalid_rows or tidy or open_run or resends)
