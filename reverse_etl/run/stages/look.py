"""Look: compare the model with the sync snapshot. Reads only."""

from __future__ import annotations

from reverse_etl.run.checks.plain_comparison import report_plain_comparison
from reverse_etl.run.checks.rename_check import rename_warning
from reverse_etl.run.context import LookedRun, RunContext, advance


def look(context: RunContext) -> LookedRun:
    """Return the run with what differs. A sync that never ran may be one that had another name before."""
    found = context.store.read_status()
    report_plain_comparison(found, context.name, context.environment.invocation.listener)
    warning = ""
    if found.lease is None:
        warning = rename_warning(context.runnable, context.warehouse, context.environment)
    return advance(
        LookedRun,
        context,
        look=found,
        counts=found.counts,
        changed_fields=found.counts.changed_fields,
        warnings=(warning,) if warning else (),
    )
