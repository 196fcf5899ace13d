"""`state migrate`: the sync snapshots from the warehouse into a DuckDB file, or back."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.options import Sandboxed, SandboxUse
from reverse_etl.cli.session import Session
from reverse_etl.report.amounts import plural

if TYPE_CHECKING:
    from reverse_etl.run.moving import Moved


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
    """Move the state; send nothing. Sync snapshots, held rows and runs go to the other place."""
    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    syncs = session.syncs()
    session.check_destinations(syncs)
    if not syncs:
        return
    session.console.lines(_moves(session, to, overwrite=overwrite))
    state = session.project.settings.state
    if state != to.value:
        session.console.say(
            "StateSetting",
            f"`state` is `{state}`: set `state: {to.value}` in reverse_etl.yml before the next run; syncs that were not"
            " moved begin anew there",
            "warn",
        )


def _moves(session: Session, to: To, *, overwrite: bool) -> list[str]:
    from reverse_etl.assemble import RunOptions, wire
    from reverse_etl.run.moving import Move, Place

    project = session.project
    wiring = wire(project, session.console.tell, RunOptions())
    names = {To.WAREHOUSE: f"the warehouse of target `{project.profile.target}`", To.LOCAL: str(project.state_path)}
    here, there = (To.WAREHOUSE, To.LOCAL) if to is To.LOCAL else (To.LOCAL, To.WAREHOUSE)
    lines = []
    with session.both_places() as (target, local):
        warehouses = {To.WAREHOUSE: target, To.LOCAL: local}
        ready = {place: session.ready(session.project.selected(), warehouses[place]) for place in To}
        for one, other in zip(ready[here], ready[there], strict=True):
            source, goal = Place(names[here], one, warehouses[here]), Place(names[there], other, warehouses[there])
            mine = replace(wiring, settings=project.settings_of(one.sync))
            moved = Move(source, goal, mine, overwrite=overwrite).go(local)
            lines.append(f"sync {one.sync.name}: {_told(moved, names[there])}")
    return lines


def _told(moved: Moved | None, there: str) -> str:
    if moved is None:
        return f"nothing to move to {there}"
    again = f"; {plural(moved.unknown, 'row')} will be sent again" if moved.unknown else ""
    held = f", {plural(moved.rejections, 'refusal')}" if moved.rejections else ""
    return f"{moved.entries:,} of the sync snapshot{held} and {plural(moved.runs, 'run')} moved to {there}{again}"
