"""Moves the state of a sync from one place to another, under the leases of both. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from reverse_etl.counting import plural
from reverse_etl.errors import ConfigError, WarehouseError
from reverse_etl.run.checks.guard_checks import target_error
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.leases import new_lease, release_on_error, take_lease
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.journal import lease_lost_error
from reverse_etl.snapshot.counting.counts import DiffCounts
from reverse_etl.snapshot.incremental.mark import without_mark
from reverse_etl.snapshot.lease import Lease, LeaseRow
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.state_transfer import StateTransfer
from reverse_etl.warehouses.base import Warehouse


@dataclass(frozen=True)
class StateLocation:
    """A place for state: `name` in words. `runnable` is the sync with the columns that the warehouse there shows."""

    name: str
    runnable: RunnableSync
    warehouse: Warehouse


@dataclass(frozen=True)
class MoveResult:
    """What was moved. Rows of `unknown` entries are sent again, because some value could not be stored unchanged."""

    entries: int
    unknown: int
    rejections: int
    runs: int


class StateMove:
    """Moves the state of one sync. If both places are marked as moved away, an earlier move did not finish."""

    def __init__(
        self, here: StateLocation, there: StateLocation, environment: RunEnvironment, *, overwrite: bool
    ) -> None:
        """Nothing is moved yet. `overwrite`: replace a state that is there already."""
        self._here, self._there, self._environment, self._overwrite = here, there, environment, overwrite
        self._name = here.runnable.sync.name
        schema = environment.settings.state_schema
        self._source = SnapshotStore(here.warehouse, schema, here.runnable.sync, here.runnable.layout)
        self._target = SnapshotStore(there.warehouse, schema, there.runnable.sync, there.runnable.layout)

    def move(self, compared: Warehouse) -> MoveResult | None:
        """Move the state. Return None if there is nothing to move. `compared` is the warehouse that can read both.

        Raises ConfigError if the state is elsewhere, or if there is a state already; LeaseError if a run is alive.
        """
        forbidden = target_error(self._here.runnable)
        if forbidden is not None:
            raise forbidden
        row, other = self._source.lease_row(), self._target.lease_row()
        if row is None or (row.moved_to and other is not None and not other.moved_to):
            return None
        self._check(row, other)
        lease = new_lease(self._source, self._environment, self._environment.clock.wall())
        row = take_lease(self._source, lease, self._environment)
        with release_on_error(lease):
            self._refuse_open(row)
            return self._move_under_lease(lease, row, compared)

    def _move_under_lease(self, lease: Lease, row: LeaseRow, compared: Warehouse) -> MoveResult:
        clock = self._environment.clock
        self._target.prepare_lease(clock.new_id(), clock.new_id())
        new = new_lease(self._target, self._environment, clock.wall())
        other = take_lease(self._target, new, self._environment)
        with release_on_error(new):
            self._check(row, other)
            # No run may use the new state before it is complete.
            _require(new, new.note_moved(self._here.name))
            moved = self._copy(partial(_beat, (lease, new)), compared)
            _require(lease, lease.note_moved(self._there.name))
            _require(new, new.adopt(replace(row, destination=without_mark(row.destination))))
        lease.release()
        if other.run is not None:
            self._target.finish(other.run.fence)
        return moved

    def _copy(self, beat: Callable[[], None], compared: Warehouse) -> MoveResult:
        transfer = StateTransfer(self._source, self._target)
        entries = transfer.entries()
        beat()
        unknown = transfer.doubt_differences(compared) if compared is self._here.warehouse else 0
        beat()
        moved = MoveResult(entries, unknown, transfer.rejections(), transfer.runs())
        before = self._source.compare(None).counts
        beat()
        after = self._target.compare(None).counts
        beat()
        if not _sends_the_same(before, after, unknown):
            raise WarehouseError(
                "move-differs",
                f"sync `{self._name}`: {self._there.name} compares the model differently, so the state was not moved",
                context={"here": _describe(before), "there": _describe(after)},
                hint="If the model was just built, try again. If not, cast the key to text in the model.",
            )
        return moved

    def _check(self, row: LeaseRow, other: LeaseRow | None) -> None:
        """Refuse to overwrite a state, or to move one that cannot be continued. Raises ConfigError."""
        self._source.check_lease(replace(row, moved_to=None))
        used = other is not None and not other.moved_to and (other.destination or other.entries or other.run)
        if used and not self._overwrite:
            raise ConfigError(
                "state-exists",
                f"sync `{self._name}`: there is a sync snapshot in {self._there.name} already",
                context={"sync": self._name, "entries": other.entries if other else 0},
                hint="To replace it with the one that you move, add `--overwrite`.",
            )

    def _refuse_open(self, row: LeaseRow) -> None:
        if row.run is not None:
            raise ConfigError(
                "run-open",
                f"sync `{self._name}`: its last run crashed, and what it sent is not committed",
                context={"sync": self._name, "fence": row.run.fence},
                hint="Run the sync once where its state is now, then move the state.",
            )


def _beat(leases: Sequence[Lease]) -> None:
    for lease in leases:
        _require(lease, lease.beat())


def _require(lease: Lease, held: bool) -> None:  # noqa: FBT001  what a write to the lease returned
    if not held:
        raise lease_lost_error(lease.fence)


def _sends_the_same(before: DiffCounts, after: DiffCounts, unknown: int) -> bool:
    """Return whether a run there would send what a run here would. Rows that are held back may be tried again there."""
    same = (before.model_rows, before.entries, before.removed) == (after.model_rows, after.entries, after.removed)
    added, changed = after.added - before.added, after.changed + after.resent - before.changed - before.resent
    return same and added <= before.quarantined and changed <= before.quarantined + unknown


def _describe(counts: DiffCounts) -> str:
    return (
        f"{counts.added} added, {counts.changed + counts.resent} to send again,"
        f" {counts.removed} removed, {plural(counts.entries, 'entry', 'entries')}"
    )
