"""Finds rows that must wait, because an earlier call for the same user was a short time ago.

Some destinations ask for a pause between a change of a user's identifier and other calls for that user, and advise
against mixing single and bulk calls for one user in a short time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reverse_etl.destinations.operation import Operation
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.run_history import recent_runs
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.sql.paused_rows import PausedRows, RecentCalls
from reverse_etl.snapshot.tables import tables_of
from reverse_etl.sync import Sync


@dataclass(frozen=True)
class UserPause:
    """Which rows of a plan wait, and until when by the local clock."""

    waiting: PausedRows
    until: float


@dataclass(frozen=True)
class _RecentSend:
    """What one sync sent by one operation, `age` seconds ago."""

    calls: RecentCalls
    operation: Operation
    moves: bool
    age: float

    def delays(self, operation: Operation, *, moves: bool) -> bool:
        """Return whether an operation has to wait for it. `moves`: it changes identifiers of users."""
        return moves or self.moves or (self.operation.max_rows == 1) != (operation.max_rows == 1)


def find_pause(runnable: RunnableSync, store: SnapshotStore, environment: RunEnvironment) -> UserPause | None:
    """Return which rows have to wait; None if no recent call requires it."""
    seconds, now = environment.settings.user_pause, environment.clock.monotonic()
    people = runnable.bound.people
    if not seconds or not people:
        return None
    sent = list(_recent_sends(runnable, store, environment))
    moves = runnable.bound.changes_identifier
    operations = runnable.bound.operations
    writes = [one for one in sent if one.delays(operations.write, moves=moves)]
    removals = [one for one in sent if operations.remove and one.delays(operations.remove, moves=moves)]
    if not writes and not removals:
        return None
    waiting = PausedRows(
        store.warehouse.dialect, seconds, people, [one.calls for one in writes], [one.calls for one in removals]
    )
    return UserPause(waiting, now + seconds - min(one.age for one in (*writes, *removals)))


def _recent_sends(runnable: RunnableSync, store: SnapshotStore, environment: RunEnvironment) -> Iterator[_RecentSend]:
    """Return what all syncs of this destination sent within the pause."""
    ages = recent_runs(store.warehouse, store.tables, environment.settings.user_pause)
    syncs = (*environment.project.to_destination(runnable.sync.destination), runnable.sync) if ages else ()
    for name, sync in {sync.name: sync for sync in syncs}.items():
        if name in ages:
            yield from _sends_of(sync, ages[name], runnable, store)


def _sends_of(sync: Sync, age: float, runnable: RunnableSync, store: SnapshotStore) -> Iterator[_RecentSend]:
    bound = runnable.vendor.bind(sync, runnable.destination.project_type)
    snapshot = tables_of(store.warehouse, store.tables.schema, sync.name).snapshot
    columns = store.warehouse.columns(snapshot) if bound.people else None
    for operation, removed in ((bound.operations.write, False), (bound.operations.remove, True)):
        if columns and operation is not None:
            calls = RecentCalls(snapshot, bound.people, removed=removed)
            known = calls.columns_in({column.name for column in columns})
            yield _RecentSend(RecentCalls(snapshot, known, removed=removed), operation, bound.changes_identifier, age)
