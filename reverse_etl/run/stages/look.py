"""Look: compare the model with the sync snapshot. Reads only."""

from __future__ import annotations

from reverse_etl.run.checks.left_out_fields import left_out_warning
from reverse_etl.run.checks.plain_comparison import report_plain_comparison
from reverse_etl.run.checks.rename_check import rename_warning
from reverse_etl.run.context import LookedRun, RunContext, advance


def look(context: RunContext) -> LookedRun:
    """Return the run with what differs. Warn if a sync that never ran seems to have had another name."""
    status = context.store.read_status()
    report_plain_comparison(status, context.name, context.environment.invocation.listener)
    warnings = [left_out_warning(context.runnable.sync)]
    if status.lease is None:
        warnings.append(rename_warning(context.runnable, context.warehouse, context.environment))
    return advance(
        LookedRun,
        context,
        snapshot_status=status,
        counts=status.counts,
        changed_fields=status.counts.changed_fields,
        warnings=tuple(filter(None, warnings)),
    )
