"""Prepare: ask the destination what must be known before the first row, such as the id of a list.

It runs under the lease, because it may create what is missing, and another run must not create it too.
"""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.run.checks.read_only_connection import connect_to_existing
from reverse_etl.run.checks.run_guards import find_run_problem
from reverse_etl.run.context import LeasedRun
from reverse_etl.run.remembered_destination import find_known_resources, remember_destination


def prepare(context: LeasedRun) -> LeasedRun:
    """Return the connected run. Save the ids that the destination gave, unless a guard will stop the run."""
    environment, runnable, row = context.environment, context.runnable, context.lease_row
    known = find_known_resources(runnable, row, context.store, environment)
    with context.warehouse.idle():
        caller = environment.make_caller(context.client, runnable.destination)
        asked = replace(runnable.context, remembered=known)
        is_baseline = context.is_baseline
        bound = connect_to_existing(runnable, asked, caller) if is_baseline else runnable.bound.connect(asked, caller)
    context = replace(context, runnable=runnable.connected(bound), is_connected=True)
    problem = find_run_problem(context, context.snapshot_status_under_lease)
    if problem is None and bound.resource_ids:
        remember_destination(context.runnable, context.lease, row, environment.invocation.allowed)
    return replace(context, warnings=(*context.warnings, *bound.warnings))


def expects_rows(context: LeasedRun) -> bool:
    """Return whether rows will be sent, as far as the comparison shows."""
    full_refresh = context.environment.invocation.full_refresh
    return bool(context.rows_to_send or full_refresh or context.lease_row.run is not None)


def plans_rows(context: LeasedRun) -> bool:
    """Return whether the plan has rows to send after all, and the destination was not asked yet."""
    rows = context.planned_rows
    return not context.is_connected and sum(rows.values()) > rows.get("invalid", 0)
