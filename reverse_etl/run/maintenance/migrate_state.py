"""Moving: the story of a state that goes from one place to another, under the leases of both; sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from reverse_etl.counting import plural
from reverse_etl.errors import ConfigError, ReverseEtlError, WarehouseError
from reverse_etl.run.checks.guard_checks import target_error
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.leases import new_lease, take_lease
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.journal import lease_lost_error
from reverse_etl.snapshot.lease import Lease, LeaseRow
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.sql.counts import DiffCounts
from reverse_etl.snapshot.state_transfer import StateTransfer
from reverse_etl.warehouses.base import Warehouse


@dataclass(frozen=True)
class StateLocation:
    """Where a state can be: `name` in words. `runnable` is the sync as it is seen from there."""

    name: str
    runnable: RunnableSync
    warehouse: Warehouse


@dataclass(frozen=True)
class MoveResult:
    """How much was moved. Rows of `unknown` entries are sent again, because a value did not cross as it was."""

    entries: int
    unknown: int
    rejections: int
    runs: int


class StateMove:
    """One sync from here to there. Where both are marked as moved away, an earlier move was broken off."""

    def __init__(
        self, here: StateLocation, there: StateLocation, environment: RunEnvironment, *, overwrite: bool
    ) -> None:
        """Nothing is moved yet. `overwrite`: also what is there already."""
        self._here, self._there, self._environment, self._overwrite = here, there, environment, overwrite
        self._name = here.runnable.sync.name
        schema = environment.settings.state_schema
        self._from = SnapshotStore(here.warehouse, schema, here.runnable.sync, here.runnable.layout)
        self._to = SnapshotStore(there.warehouse, schema, there.runnable.sync, there.runnable.layout)

    def move(self, compared: Warehouse) -> MoveResult | None:
        """StateMove; None where there is nothing to. `compared` is where values of both places compare.

        Raises ConfigError where the state is elsewhere, or something is there; LeaseError where a run is alive.
        """
        forbidden = target_error(self._here.runnable)
        if forbidden is not None:
            raise forbidden
        row, other = self._from.lease_row(), self._to.lease_row()
        if row is None or (row.moved_to and other is not None and not other.moved_to):
            return None
        self._check(row, other)
        mine = new_lease(self._from, self._environment, self._environment.clock.wall())
        row = take_lease(self._from, mine, self._environment)
        try:
            self._refuse_open(row)
            return self._with_both(mine, row, compared)
        except ReverseEtlError:
            mine.release()
            raise

    def _with_both(self, mine: Lease, row: LeaseRow, compared: Warehouse) -> MoveResult:
        self._to.prepare_lease(self._environment.clock.new_id(), self._environment.clock.new_id())
        theirs = new_lease(self._to, self._environment, self._environment.clock.wall())
        other = take_lease(self._to, theirs, self._environment)
        try:
            self._check(row, other)
            # No run may use it before it is complete.
            _hold(theirs, theirs.note_moved(self._here.name))
            moved = self._copy(partial(_beat, (mine, theirs)), compared)
            _hold(mine, mine.note_moved(self._there.name))
            _hold(theirs, theirs.adopt(row))
        except ReverseEtlError:
            theirs.release()
            raise
        mine.release()
        if other.run is not None:
            self._to.finish(other.run.fence)
        return moved

    def _copy(self, beat: Callable[[], None], compared: Warehouse) -> MoveResult:
        moving = StateTransfer(self._from, self._to)
        entries = moving.entries()
        beat()
        unknown = moving.doubt_differences(compared) if compared is self._here.warehouse else 0
        beat()
        moved = MoveResult(entries, unknown, moving.rejections(), moving.runs())
        before = self._from.compare(None).counts
        beat()
        after = self._to.compare(None).counts
        beat()
        if not _same(before, after, unknown):
            raise WarehouseError(
                "move-differs",
                f"sync `{self._name}`: {self._there.name} compares the model differently, so the state was not moved",
                context={"here": _told(before), "there": _told(after)},
                hint="If the model was just built, try again. Else cast the key to text in the model.",
            )
        return moved

    def _check(self, row: LeaseRow, other: LeaseRow | None) -> None:
        """Refuse what would be lost, or could not be continued."""
        self._from.check_lease(replace(row, moved_to=None))
        used = other is not None and not other.moved_to and (other.destination or other.entries or other.run)
        if used and not self._overwrite:
            raise ConfigError(
                "state-exists",
                f"sync `{self._name}`: there is a sync snapshot in {self._there.name} already",
                context={"sync": self._name, "entries": other.entries if other else 0},
                hint="Run it with `--overwrite` to replace it, if the other one is the one to keep.",
            )

    def _refuse_open(self, row: LeaseRow) -> None:
        if row.run is not None:
            raise ConfigError(
                "run-open",
                f"sync `{self._name}`: its last run crashed, and what it sent is not committed",
                context={"sync": self._name, "fence": row.run.fence},
                hint="Run the sync once where its state is, then move it.",
            )


def _beat(leases: Sequence[Lease]) -> None:
    for lease in leases:
        _hold(lease, lease.beat())


def _hold(lease: Lease, held: bool) -> None:  # noqa: FBT001  the answer of a write
    if not held:
        raise lease_lost_error(lease.fence)


def _same(before: DiffCounts, after: DiffCounts, unknown: int) -> bool:
    """Whether a run would do there what it would here. What was held back may be tried again there."""
    same = (before.model_rows, before.entries, before.removed) == (after.model_rows, after.entries, after.removed)
    added, changed = after.added - before.added, after.changed + after.resent - before.changed - before.resent
    return same and added <= before.quarantined and changed <= before.quarantined + unknown


def _told(counts: DiffCounts) -> str:
    return (
        f"{counts.added} added, {counts.changed + counts.resent} to send again,"
        f" {counts.removed} removed, {plural(counts.entries, 'entry', 'entries')}"
    )
