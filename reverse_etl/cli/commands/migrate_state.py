"""`state migrate`: the sync snapshots from the warehouse into a DuckDB file, or back."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.cli.options import Sandboxed
from reverse_etl.counting import plural

if TYPE_CHECKING:
    from reverse_etl import MigratedState


class StateTarget(str, Enum):
    """Where the state goes: a value of the setting `state`."""

    LOCAL = "local"
    WAREHOUSE = "warehouse"


def migrate_state(
    session: Session,
    to: Annotated[StateTarget, typer.Option("--to", help="Where to move the state.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a state that is already there.")] = False,
    sandbox: Sandboxed = False,
) -> int:
    """Move the state; send nothing. Sync snapshots, held rows and runs go to the other place."""
    project = session.project(sandbox=sandbox)
    migrated = project.migrate_states(to.value, **session.selection, overwrite=overwrite)
    session.console.lines(f"sync {one.sync}: {_amount(one)}" for one in migrated)
    return session.print_errors(migrated.errors, partial=migrated.is_partial)


def _amount(migrated: MigratedState) -> str:
    moved, place = migrated.moved, migrated.place
    if moved is None:
        return f"nothing to move to {place}"
    again = f"; {plural(moved.unknown, 'row')} will be sent again" if moved.unknown else ""
    held = f", {plural(moved.rejections, 'refusal')}" if moved.rejections else ""
    entries = f"{plural(moved.entries, 'entry', 'entries')} of the sync snapshot"
    return f"{entries}{held} and {plural(moved.runs, 'run')} moved to {place}{again}"
