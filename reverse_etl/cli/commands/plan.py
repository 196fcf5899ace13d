"""`plan`: what `run` would do; opens the warehouse for reading alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.options import FullRefresh, Output, OutputFormat, Sandboxed, SandboxUse, ShowValues
from reverse_etl.cli.session import Session
from reverse_etl.cli.triage import Triage
from reverse_etl.errors import ReverseEtlError
from reverse_etl.report.failures import problems_of
from reverse_etl.report.plans import plan_dict, plan_lines

if TYPE_CHECKING:
    from reverse_etl.change import Problem
    from reverse_etl.run.environment import RunEnvironment
    from reverse_etl.run.planning.sync_plan import SyncPlan
    from reverse_etl.run.runnable_sync import RunnableSync
    from reverse_etl.warehouses.base import Reader

_EXAMPLES = 3


ExitCode = Annotated[
    bool,
    typer.Option("--exit-code", help="End with 2 if something would be sent, 0 if not, 1 on errors and guards."),
]


def plan(
    session: Session,
    full_refresh: FullRefresh = False,
    exit_code: ExitCode = False,
    show_values: ShowValues = False,
    output: OutputFormat = Output.TEXT,
    sandbox: Sandboxed = False,
) -> int:
    """Show what `run` would do; send nothing. It looks at the rows and asks Iterable as `run` does before it sends."""
    session.use_sandbox(SandboxUse.ASK, wanted=sandbox)
    session.error_code = 1 if exit_code else None
    console = session.console
    plans = _plans(session, full_refresh=full_refresh)
    for problem in [problem for one in plans if one.fails for problem in one.problems]:
        console.problem(problem)
    if console.is_json or output is Output.JSON:
        console.json({"plans": [plan_dict(one, show_values=show_values) for one in plans]}, indent=2)
    else:
        for one in plans:
            title, *rest = plan_lines(one, show_values=show_values)
            console.lines([console.coloured(title, "stopped" if one.problems else "ok"), *rest, ""])
    if session.exit_code or any(one.fails for one in plans):
        return session.exit_code or 1
    return _detailed(plans) if exit_code else 0


def _detailed(plans: Sequence[SyncPlan]) -> int:
    """The exit code that says whether something would be sent, as that of `terraform plan -detailed-exitcode`."""
    if any(one.problems for one in plans):
        return 1
    return 2 if any(one.to_send for one in plans) else 0


def _plans(session: Session, *, full_refresh: bool) -> list[SyncPlan]:
    from reverse_etl.project.wiring import RunOptions, wire
    from reverse_etl.run.planning.sync_planner import stopped_plan

    triage = Triage(session)
    if not list(triage.definitions):
        return []
    if triage.failure is not None:
        raise triage.failure
    environment = wire(session.project, session.console.tell, RunOptions(full_refresh=full_refresh))
    with session.warehouse(read_only=True) as warehouse:
        triage.check_builds(warehouse)
        triage.fit(warehouse)
        triage.tell()
        planned = [one for ready in triage.ready.values() for one in _planned(session, ready, warehouse, environment)]
    found = {one.sync: one for one in planned}
    blocked = {name: (problem,) for name, problem in triage.blocked.items()}
    return [
        found.get(one.name) or stopped_plan(one, blocked.get(one.name) or _problems(triage.errors(one)))
        for one in triage.definitions
    ]


def _planned(session: Session, ready: RunnableSync, reader: Reader, environment: RunEnvironment) -> list[SyncPlan]:
    """The plan of a sync; where its tables cannot be continued, what would end its run."""
    from reverse_etl.run.planning.sync_planner import plan_sync, stopped_plan

    sync = ready.sync
    return session.attempt(
        lambda: plan_sync(ready, reader, replace(environment, settings=session.project.settings_of(sync)), _EXAMPLES),
        lambda error: stopped_plan(sync, _problems([error])),
    )


def _problems(errors: Sequence[ReverseEtlError]) -> tuple[Problem, ...]:
    return tuple(problem for error in errors for problem in problems_of(error))
