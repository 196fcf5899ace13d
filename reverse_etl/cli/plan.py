"""`plan`: what `run` would do; opens the warehouse for reading alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.cli.options import Output, OutputFormat, Sandboxed, SandboxUse, ShowValues
from reverse_etl.cli.session import Session
from reverse_etl.cli.unbuilt import Unbuilt
from reverse_etl.report.plans import plan_dict, plan_lines

if TYPE_CHECKING:
    from reverse_etl.planned import SyncPlan

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
    from reverse_etl.run.planning import plan_sync, skipped_plan

    syncs = session.syncs()
    session.check_destinations(syncs)
    if not syncs:
        return []
    project = session.project
    with session.warehouse(read_only=True) as warehouse:
        blocked = Unbuilt(session, syncs, warehouse).problems()
        ready = session.ready([sync for sync in syncs if sync.name not in blocked], warehouse)
        found = {
            one.sync.name: plan_sync(one, warehouse, project.settings_of(one.sync), project.flags.allow, _EXAMPLES)
            for one in ready
        }
    return [found.get(sync.name) or skipped_plan(sync, blocked[sync.name]) for sync in syncs]
