"""`state migrate`: the sync snapshots from the warehouse into a DuckDB file, or back."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.options import Sandboxed, SandboxUse
from reverse_etl.cli.session import Session
from reverse_etl.cli.triage import Triage
from reverse_etl.counting import plural

if TYPE_CHECKING:
    from reverse_etl.run.maintenance.migrate_state import MoveResult


class To(str, Enum):
    """Where the state goes: a value of the setting `state`."""

    LOCAL = "local"
    WAREHOUSE = "warehouse"


def migrate(
    session: Session,
    to: Annotated[To, typer.Option("--to", help="Where the state shall be.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there already.")] = False,
    sandbox: Sandboxed = False,
) -> None:
    """StateMove the state; send nothing. Sync snapshots, held rows and runs move to the other place."""
    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    triage = Triage(session)
    if triage.failure is not None:
        raise triage.failure
    if not triage.open:
        return
    session.console.lines(_moves(session, triage, to, overwrite=overwrite))
    state = session.project.settings.state
    if state != to.value:
        session.console.say(
            "StateSetting",
            f"`state` is `{state}`: set `state: {to.value}` in reverse_etl.yml before the next run; syncs that were not"
            " moved begin anew there",
            "warn",
        )


def _moves(session: Session, triage: Triage, to: To, *, overwrite: bool) -> list[str]:
    from reverse_etl.project.wiring import RunOptions, wire
    from reverse_etl.run.maintenance.migrate_state import StateLocation, StateMove

    project = session.project
    environment = wire(project, session.console.tell, RunOptions())
    names = {To.WAREHOUSE: f"the warehouse of target `{project.profile.target}`", To.LOCAL: str(project.state_path)}
    here, there = (To.WAREHOUSE, To.LOCAL) if to is To.LOCAL else (To.LOCAL, To.WAREHOUSE)
    lines: list[str] = []
    with session.both_places() as (target, local):
        warehouses = {To.WAREHOUSE: target, To.LOCAL: local}
        ready = {place: dict(triage.fit(warehouses[place])) for place in (there, here)}
        triage.tell()
        for sync in triage.open:
            source = StateLocation(names[here], ready[here][sync.name], warehouses[here])
            goal = StateLocation(names[there], ready[there][sync.name], warehouses[there])
            move = StateMove(
                source, goal, replace(environment, settings=project.settings_of(sync)), overwrite=overwrite
            )
            moved = session.attempt(partial(move.move, local))
            lines += [f"sync {sync.name}: {_told(one, names[there])}" for one in moved]
    return lines


def _told(moved: MoveResult | None, there: str) -> str:
    if moved is None:
        return f"nothing to move to {there}"
    again = f"; {plural(moved.unknown, 'row')} will be sent again" if moved.unknown else ""
    held = f", {plural(moved.rejections, 'refusal')}" if moved.rejections else ""
    entries = f"{plural(moved.entries, 'entry', 'entries')} of the sync snapshot"
    return f"{entries}{held} and {plural(moved.runs, 'run')} moved to {there}{again}"
