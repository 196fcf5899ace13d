"""`state migrate`: move the sync snapshots from the warehouse into a DuckDB file, or back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from reverse_etl.errors import ConfigError
from reverse_etl.project.results import MigratedState, Results
from reverse_etl.project.session import ProjectSession
from reverse_etl.project.sync_selection import SyncSelection
from reverse_etl.run.maintenance.migrate_state import StateLocation, StateMove
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.sync import Sync
from reverse_etl.warehouses.base import Warehouse

StatePlace = Literal["local", "warehouse"]
"""A value of the setting `state`."""


@dataclass(frozen=True)
class _Side:
    """One of the two places, open, with the syncs as they are seen from there."""

    name: str
    warehouse: Warehouse
    runnable_syncs: Mapping[str, RunnableSync]

    def place(self, sync: Sync) -> StateLocation:
        return StateLocation(self.name, self.runnable_syncs[sync.name], self.warehouse)


def migrate_states(session: ProjectSession, to: StatePlace, *, overwrite: bool) -> Results[MigratedState]:
    """Move the state of each selected sync; send nothing. `overwrite`: replace what is there already.

    Raises ConfigError or Faults if no sync can run, WarehouseError.
    """
    if to not in ("local", "warehouse"):
        raise ConfigError(
            "unknown-state-place",
            f"the state cannot be moved to `{to}`",
            context={"allowed": "local, warehouse"},
            hint="Name `local` or `warehouse`.",
        )
    selection = SyncSelection(session)
    selection.faults_of_some()
    if not selection.sound_syncs:
        return Results()
    migrated = _migrate_syncs(session, selection, to, overwrite=overwrite)
    state = session.context.settings.state
    if state != to:
        session.reporter.say(
            "StateSetting",
            f"`state` is `{state}`: set `state: {to}` in reverse_etl.yml before the next run; syncs that were not"
            " moved start from nothing there",
            "warn",
        )
    return migrated


def _migrate_syncs(
    session: ProjectSession, selection: SyncSelection, to: StatePlace, *, overwrite: bool
) -> Results[MigratedState]:
    context, environment = session.context, session.make_environment()
    names = {"warehouse": f"the warehouse of target `{context.profile.target}`", "local": str(context.state_path)}
    source: StatePlace = "warehouse" if to == "local" else "local"
    with session.open_both_places() as (target, local):
        warehouses = {"warehouse": target, "local": local}
        goal = _Side(names[to], warehouses[to], dict(selection.match_columns(warehouses[to])))
        origin = _Side(names[source], warehouses[source], dict(selection.match_columns(warehouses[source])))
        migrated: Results[MigratedState] = Results(selection.faults_of_some())
        for sync in selection.sound_syncs:
            mine = replace(environment, settings=context.settings_of(sync))
            move = StateMove(origin.place(sync), goal.place(sync), mine, overwrite=overwrite)
            migrated.attempt(partial(_move_state, sync, move, goal.name, local))
    return migrated


def _move_state(sync: Sync, move: StateMove, place: str, compared: Warehouse) -> MigratedState:
    return MigratedState(sync.name, place, move.move(compared))
