"""`plan`: what `run` would do; opens the warehouse for reading alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reverse_etl.cli.options import Output, OutputFormat, Sandboxed, SandboxUse, ShowValues
from reverse_etl.cli.session import Session
from reverse_etl.cli.triage import Triage
from reverse_etl.errors import ReverseEtlError
from reverse_etl.report.failures import problems_of
from reverse_etl.report.plans import plan_dict, plan_lines

if TYPE_CHECKING:
    from reverse_etl.change import Problem
    from reverse_etl.planned import SyncPlan
    from reverse_etl.run.ready import Ready
    from reverse_etl.warehouses.base import Reader

_EXAMPLES = 3


def plan(
    session: Session,
    show_values: ShowValues = False,
    output: OutputFormat = Output.TEXT,
    sandbox: Sandboxed = False,
) -> None:
    """Show what `run` would do; write nothing. What is sent, changed and held back, and which guard would stop it."""
    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    console = session.console
    plans = _plans(session)
    if console.is_json or output is Output.JSON:
        console.json({"plans": [plan_dict(one, show_values=show_values) for one in plans]}, indent=2)
        return
    for one in plans:
        title, *rest = plan_lines(one, show_values=show_values)
        console.lines([console.coloured(title, "stopped" if one.problems else "ok"), *rest, ""])


def _plans(session: Session) -> list[SyncPlan]:
    from reverse_etl.run.planning import unplanned

    triage = Triage(session)
    if not list(triage.definitions):
        return []
    if triage.failure is not None:
        raise triage.failure
    with session.warehouse(read_only=True) as warehouse:
        triage.check_builds(warehouse)
        triage.fit(warehouse)
        triage.tell()
        found = {name: one for name, ready in triage.ready.items() for one in _planned(session, ready, warehouse)}
    blocked = {name: (problem,) for name, problem in triage.blocked.items()}
    return [
        found.get(one.name) or unplanned(one, blocked.get(one.name) or _problems(triage.errors(one)))
        for one in triage.definitions
    ]


def _planned(session: Session, ready: Ready, reader: Reader) -> list[SyncPlan]:
    """The plan of a sync; where its tables cannot be continued, what would end its run."""
    from reverse_etl.run.planning import plan_sync, unplanned

    project, sync = session.project, ready.sync
    return session.attempt(
        lambda: plan_sync(ready, reader, project.settings_of(sync), project.flags.allow, _EXAMPLES),
        lambda error: unplanned(sync, _problems([error])),
    )


def _problems(errors: Sequence[ReverseEtlError]) -> tuple[Problem, ...]:
    return tuple(problem for error in errors for problem in problems_of(error))
