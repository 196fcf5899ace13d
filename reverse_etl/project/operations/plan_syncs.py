"""`plan`: what `run` would do, found out by reading only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from reverse_etl.change import Problem
from reverse_etl.errors import ReverseEtlError
from reverse_etl.project.results import Results
from reverse_etl.project.run_environment import RunOptions
from reverse_etl.project.session import ProjectSession
from reverse_etl.project.sync_selection import SyncSelection
from reverse_etl.report.failures import problems_of
from reverse_etl.run.planning.sync_plan import PlanSamples, SyncPlan
from reverse_etl.run.planning.sync_planner import plan_sync, stopped_plan


def plan_syncs(session: ProjectSession, options: RunOptions, shown: PlanSamples) -> Results[SyncPlan]:
    """Return the plan of each selected sync; a sync that would not run has `problems` instead of counts.

    Raises ConfigError or Faults if no sync can run, WarehouseError.
    """
    selection = SyncSelection(session)
    if not list(selection.definitions):
        return Results()
    selection.faults_of_some()
    environment = session.make_environment(options)
    with session.open_warehouse(read_only=True) as warehouse:
        selection.check_builds(warehouse)
        selection.match_columns(warehouse)
        planned: Results[SyncPlan] = Results(selection.faults_of_some())
        for runnable in selection.runnable_syncs.values():
            mine = replace(environment, settings=session.context.settings_of(runnable.sync))
            planned.attempt(
                partial(plan_sync, runnable, warehouse, mine, shown),
                lambda error, sync=runnable.sync: stopped_plan(sync, _problems([error])),  # type: ignore[misc]
            )
    return _in_order(planned, selection)


def _in_order(planned: Results[SyncPlan], selection: SyncSelection) -> Results[SyncPlan]:
    """Return the plans in the order of the definitions, with one for each sync that would not run."""
    plans = {one.sync: one for one in planned}
    blocked = {name: (problem,) for name, problem in selection.blocked.items()}
    planned[:] = [
        plans.get(one.name) or stopped_plan(one, blocked.get(one.name) or _problems(selection.errors(one)))
        for one in selection.definitions
    ]
    return planned


def _problems(errors: Sequence[ReverseEtlError]) -> tuple[Problem, ...]:
    return tuple(problem for error in errors for problem in problems_of(error))
