"""RunContext: what is known about one run of one sync. A stage takes a frozen context and returns the next, or an End.

A context of a later stage has everything of the earlier ones: RunContext, LookedRun, LeasedRun, PlannedRun,
ApprovedRun.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from reverse_etl.change import BaselineReport, Problem, Status, SyncStatus
from reverse_etl.destinations.request import Client
from reverse_etl.run.baseline.adopter import Adopter
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.journeys.journey_forecast import JourneyForecast
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.journal import Journal
from reverse_etl.run.sending.row_outcomes import RowOutcomes
from reverse_etl.run.sending.user_pause import UserPause
from reverse_etl.snapshot.counting.counts import DiffCounts
from reverse_etl.snapshot.lease import Lease, LeaseRow
from reverse_etl.snapshot.rejections import Rejections
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.warehouses.base import Warehouse

_Context = TypeVar("_Context", bound="RunContext")


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """A run that has started: `began` is seconds of the monotonic clock, `started_at` is UTC as text.

    With an `adopter` the run is a baseline: it sends nothing, and `baseline` is what it found.
    `resources` are closed when the run ends. `counts` are the differences as last counted. `planned_rows` are the rows
    of the plan by kind; empty before there is a plan. `recovered_removals` are rows removed by a run that crashed.
    `journeys` is what the planned rows may start at the destination, if a guard needs that.
    `unknown_keys` are chosen keys that no row has.
    """

    runnable: RunnableSync
    warehouse: Warehouse
    environment: RunEnvironment
    store: SnapshotStore
    resources: ExitStack
    started_at: str
    began: float
    counts: DiffCounts = field(default_factory=DiffCounts)
    planned_rows: Mapping[str, int] = field(default_factory=dict)
    changed_fields: Mapping[str, int] = field(default_factory=dict)
    outcomes: RowOutcomes = field(default_factory=RowOutcomes)
    warnings: tuple[str, ...] = ()
    unknown_keys: tuple[str, ...] = ()
    problem: Problem | None = None
    recovered_removals: int = 0
    journeys: JourneyForecast | None = None
    adopter: Adopter | None = None
    baseline: BaselineReport | None = None

    @property
    def is_baseline(self) -> bool:
        """Return whether the run takes rows as accepted and sends nothing."""
        return self.adopter is not None

    @property
    def name(self) -> str:
        """Return the name of the sync."""
        return self.runnable.sync.name


@dataclass(frozen=True, kw_only=True)
class LookedRun(RunContext):
    """A run that has compared the model with the sync snapshot."""

    snapshot_status: SnapshotStatus

    @property
    def rows_to_send(self) -> int:
        """Return how many rows the comparison wants to send."""
        counts = self.snapshot_status.counts
        return counts.upserts + (counts.removed if self.snapshot_status.diff.acts_on_removed else 0)


@dataclass(frozen=True, kw_only=True)
class LeasedRun(LookedRun):
    """A run that holds the lease. `lease_row` is the lease as it was before; its `run` is a crashed run, if any.

    `is_connected`: whether the destination was asked for what must be known before the first row.
    """

    client: Client
    lease: Lease
    lease_row: LeaseRow
    is_connected: bool = False

    @property
    def snapshot_status_under_lease(self) -> SnapshotStatus:
        """Return the status with the lease as it is now: another run may have used it since the comparison."""
        return replace(self.snapshot_status, lease=self.lease_row)

    @property
    def may_have_sent(self) -> bool:
        """Return whether the destination may have received a row of this run."""
        return False


@dataclass(frozen=True, kw_only=True)
class PlannedRun(LeasedRun):
    """An open run with a plan. `pause` says which rows wait because of their users."""

    diff: Diff
    pause: UserPause | None


@dataclass(frozen=True, kw_only=True)
class ApprovedRun(PlannedRun):
    """A run that may send."""

    rejections: Rejections
    journal: Journal

    @property
    def may_have_sent(self) -> bool:
        return self.journal.credit > 0

    @property
    def is_complete(self) -> bool:
        """Return whether every row that differs was sent, and has a known outcome."""
        return self.is_whole and not self.outcomes.counts[Status.FAILED]

    @property
    def is_whole(self) -> bool:
        """Return whether the run tried every row that differs: none is left, none was left out on purpose."""
        left = self.outcomes.counts[Status.ABORTED] or self.environment.invocation.rows.only
        return self.problem is None and not left


@dataclass(frozen=True)
class End:
    """The end of a run. `status` is None if the outcomes decide. `fence` is 0 if no run was opened.

    `error` is what a stage raised. `step` is the step that the run ended in.
    """

    context: RunContext
    problem: Problem | None = None
    status: SyncStatus | None = None
    fence: int = 0
    error: Exception | None = None
    step: str = ""


def advance(kind: type[_Context], context: RunContext, **more: Any) -> _Context:
    """Return the context of a later stage: everything of this one, and `more`."""
    known = {one.name: getattr(context, one.name) for one in fields(context)}
    return kind(**{**known, **more})
