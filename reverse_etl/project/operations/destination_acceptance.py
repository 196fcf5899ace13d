"""`destination accept`: say that a sync snapshot belongs to the present destination, for example after a new key."""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.project.results import AcceptedDestination, Results
from reverse_etl.project.session import ProjectSession
from reverse_etl.project.sync_selection import SyncSelection
from reverse_etl.run.maintenance.accept_destination import Acceptance, TypedNames


def accept_destinations(session: ProjectSession, typed: TypedNames) -> Results[AcceptedDestination]:
    """Accept the destination of each selected sync; send nothing.

    Raises ConfigError or Faults if no sync can run, WarehouseError.
    """
    selection = SyncSelection(session)
    selection.faults_of_some()
    if not selection.sound_syncs:
        return Results()
    environment = session.make_environment()
    with session.open_warehouse(read_only=False) as warehouse:
        selection.match_columns(warehouse)
        accepted: Results[AcceptedDestination] = Results(selection.faults_of_some())
        for name, runnable in selection.runnable_syncs.items():
            mine = replace(environment, settings=session.context.settings_of(runnable.sync))
            acceptance = Acceptance(runnable, warehouse, mine, typed)
            accepted.attempt(lambda name=name, one=acceptance: AcceptedDestination(name, one.accept()))  # type: ignore[misc]
    return accepted
