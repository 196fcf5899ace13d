"""Look: compare the model with the sync snapshot, unless it has not changed. Reads only."""

from __future__ import annotations

from reverse_etl.run.baseline.trust import TrustingAdopter
from reverse_etl.run.checks.chosen_keys import chosen_warnings
from reverse_etl.run.checks.first_run import adopts_first_run, with_oldest_row
from reverse_etl.run.checks.left_out_fields import left_out_warning
from reverse_etl.run.checks.plain_comparison import report_plain_comparison
from reverse_etl.run.checks.rename_check import rename_warning
from reverse_etl.run.context import LookedRun, RunContext, advance
from reverse_etl.run.model_versions.comparison import compare_model


def look(context: RunContext) -> LookedRun:
    """Return the run with what differs. Warn if a sync that never ran seems to have had another name."""
    status = compare_model(context.store, context.runnable, context.warehouse, context.environment)
    status = with_oldest_row(status, context.runnable, context.store)
    report_plain_comparison(status, context.name, context.environment.invocation.listener)
    full_refresh = context.environment.invocation.full_refresh
    warnings = [left_out_warning(context.runnable.sync), *chosen_warnings(status, full_refresh=full_refresh)]
    if status.lease is None:
        warnings.append(rename_warning(context.runnable, context.warehouse, context.environment))
    adopts = adopts_first_run(status, context.runnable, context.environment.invocation)
    return advance(
        LookedRun,
        context,
        snapshot_status=status,
        adopter=context.adopter or (TrustingAdopter(only_added=True) if adopts else None),
        counts=status.counts,
        changed_fields=status.counts.changed_fields,
        unknown_keys=status.unknown_keys,
        warnings=tuple(filter(None, warnings)),
    )
