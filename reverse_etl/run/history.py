"""Writes the history of runs: one row for each run, in `sync_runs`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from reverse_etl.errors import ReverseEtlError, WarehouseError
from reverse_etl.guards.amount import removed
from reverse_etl.run.checks.guard_checks import overridden_guards
from reverse_etl.run.context import End, LeasedRun, LookedRun, RunContext
from reverse_etl.run.result import result_of
from reverse_etl.run.runnable_sync import problem_of
from reverse_etl.snapshot.run_history import (
    ALLOWED_REMOVALS,
    BASELINE,
    NOT_COMPARED,
    REMOVALS,
    RunRow,
    prune_runs,
    record_run,
)


def record_end(end: End) -> End:
    """Write the row of a run that has ended. Return the end; if writing failed, that is its problem.

    Nothing is written if the warehouse was the fault.
    """
    if isinstance(end.error, WarehouseError):
        return end
    try:
        with end.context.warehouse.step(end.step):
            _save_run(end)
    except ReverseEtlError as error:
        return end if end.error is not None else replace(end, problem=problem_of(error), error=error)
    return end


def _save_run(end: End) -> None:
    """Write nothing if the table does not exist yet, before the first run."""
    context, settings = end.context, end.context.environment.settings
    tables, invocation = context.store.tables, context.environment.invocation
    if not prune_runs(context.warehouse, tables, settings.history_days, settings.history_runs):
        return
    result = result_of(end, {})
    counts = {**result.counts.as_dict(), **_removals(context, invocation.allowed)}
    if context.is_baseline:
        counts[BASELINE] = 1
    if result.not_compared_since:
        counts[NOT_COMPARED] = 1
    problem = result.problem.code if result.problem else None
    origin = invocation.origin(_overridden_guards(context))
    row = RunRow(invocation.id, end.fence, result.status.value, context.started_at, "", counts, problem, origin)
    record_run(context.warehouse, tables, row)


def _overridden_guards(context: RunContext) -> Sequence[str]:
    """Return the allowed guards that would have stopped the run, if it came as far as the comparison."""
    if not isinstance(context, LookedRun):
        return ()
    status = context.snapshot_status_under_lease if isinstance(context, LeasedRun) else context.snapshot_status
    return overridden_guards(context.runnable, status, context.environment, context.journeys)


def _removals(context: RunContext, allowed: Collection[str]) -> dict[str, int]:
    """Return what the guard of later runs has to know about the rows that this run removed."""
    rows = context.outcomes.removed + context.recovered_removals
    if rows and removed.GUARD.name in allowed:
        return {ALLOWED_REMOVALS: rows}
    return {REMOVALS: rows} if rows else {}
