"""Journeys: count the planned rows that may start something at the destination, if the guard `journeys` is on."""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.guards.amount.journeys import find_journey_warning, journey_limits
from reverse_etl.run.checks.guard_checks import send_context
from reverse_etl.run.context import PlannedRun
from reverse_etl.run.journeys.journey_forecast import RowsToSend, forecast_journeys
from reverse_etl.run.journeys.journey_rows import name_column_of
from reverse_etl.run.sending.allowance import most_rows_of


def forecast(context: PlannedRun) -> PlannedRun:
    """Return the run with what its rows may start, and a warning if they are too many for the definition."""
    runnable, environment = context.runnable, context.environment
    with context.warehouse.idle():
        listed = environment.journeys.read(runnable, environment.make_caller(context.client, runnable.destination))
    if listed is None:
        return context
    found = forecast_journeys(listed, runnable.bound.journey_events, _rows(context, name_column_of(runnable, listed)))
    warning = find_journey_warning(send_context(runnable, context.snapshot_status_under_lease, environment, found))
    warnings = (*context.warnings, warning) if warning else context.warnings
    return replace(context, journeys=found, warnings=warnings)


def is_guarded(context: PlannedRun) -> bool:
    """Return whether the guard is on, and rows will be sent that may start a journey."""
    guarded = journey_limits(context.runnable.sync) is not None and context.runnable.bound.journey_events
    sends = sum(context.planned_rows.values()) > context.planned_rows.get("invalid", 0)
    return bool(guarded and sends and not context.is_baseline)


def _rows(context: PlannedRun, name_column: str) -> RowsToSend:
    planned, fence = context.planned_rows, context.lease.fence
    written = sum(planned.get(kind, 0) for kind in ("added", "changed", "resent"))
    names = context.store.count_planned_values(fence, name_column) if name_column else {}
    return RowsToSend(
        written=written,
        added=planned.get("added", 0),
        removed=planned.get("removed", 0),
        names=names,
        unnamed=written - sum(names.values()) if name_column else 0,
    ).limited_to(most_rows_of(context.runnable.sync, context.environment))
