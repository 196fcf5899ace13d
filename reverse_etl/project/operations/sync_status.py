"""`status` and `history`: what the warehouse remembers of each sync. Needs no API key and writes nothing."""

from __future__ import annotations

from functools import partial

from reverse_etl.project.operations.stored_states import list_orphans
from reverse_etl.project.processes import is_alive
from reverse_etl.project.results import History, PastRun, ProjectStatus
from reverse_etl.project.session import ProjectSession
from reverse_etl.report.sync_states import SyncState
from reverse_etl.snapshot.held_rows import count_rejections
from reverse_etl.snapshot.lease import read_lease
from reverse_etl.snapshot.run_history import last_runs
from reverse_etl.sync import BrokenSync, Sync
from reverse_etl.warehouses.base import Reader


def read_status(session: ProjectSession) -> ProjectStatus:
    """Return how each selected sync stands. Raises ConfigError, WarehouseError."""
    status = ProjectStatus()
    syncs = list(session.select_definitions())
    if not syncs:
        return status
    options = session.context.options
    with session.open_warehouse(read_only=True) as reader:
        for sync in syncs:
            status.attempt(partial(_read_state, session, sync, reader))
        if not (options.select or options.exclude):
            status.orphans = tuple(one for one in list_orphans(session, reader) if one.is_ours)
    return status


def read_history(session: ProjectSession, limit: int) -> History:
    """Return the last runs of each selected sync, the newest first. Raises ConfigError, WarehouseError."""
    history = History()
    syncs = list({one.name: one for one in session.select_definitions()}.values())
    if not syncs:
        return history
    history.syncs = tuple(one.name for one in syncs)
    with session.open_warehouse(read_only=True) as reader:
        for sync in syncs:
            runs = last_runs(reader, session.tables(reader, sync), limit)
            history += [PastRun(sync.name, run) for run in runs]
    return history


def _read_state(session: ProjectSession, sync: Sync | BrokenSync, reader: Reader) -> SyncState:
    tables = session.tables(reader, sync)
    lease = read_lease(reader, tables) if reader.columns(tables.lease) else None
    run = next(iter(last_runs(reader, tables, 1)), None)
    held = count_rejections(reader, tables.rejections, sync.name) if reader.columns(tables.rejections) else {}
    alive = None if lease is None or lease.holder is None else is_alive(lease.holder_note)
    return SyncState(sync, run, lease, held, alive, session.context.settings.late_request_bound)
