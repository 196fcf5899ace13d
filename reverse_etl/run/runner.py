"""Runner: the story of one run of one sync: look, guard, acquire, recover, plan, send, commit, close."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

from reverse_etl.change import RunResult, SyncStatus
from reverse_etl.counting import plural
from reverse_etl.destinations.request import Client
from reverse_etl.errors import DestinationError, LeaseError, ReverseEtlError, WarehouseError
from reverse_etl.events import Event
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.guarding import guard_problem
from reverse_etl.run.heartbeat import Heartbeat
from reverse_etl.run.leases import acquire_lease, new_lease
from reverse_etl.run.places import remembered_place
from reverse_etl.run.plain_comparison import report_plain_comparison
from reverse_etl.run.remembering import destination_to_remember
from reverse_etl.run.rename_check import rename_warning
from reverse_etl.run.result import Story, result_of, with_costs
from reverse_etl.run.runnable_sync import RunnableSync, problem_of
from reverse_etl.run.sending.journal import Journal, SendDeadlines, lease_lost_error
from reverse_etl.run.sending.sender import Sender, Waiting
from reverse_etl.run.sending.user_pause import UserPause, find_pause
from reverse_etl.snapshot.lease import Lease, LeaseRow
from reverse_etl.snapshot.rejections import Recheck, Rejections
from reverse_etl.snapshot.run_history import RunRow, prune_runs, record_run
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.sql.rows_left import planned_counts, sent_rows
from reverse_etl.warehouses.base import Warehouse
from reverse_etl.warehouses.mark import Mark


def run_sync(runnable: RunnableSync, warehouse: Warehouse, environment: RunEnvironment) -> RunResult:
    """Run one sync. Every fault of the sync becomes its result; nothing is raised for it."""
    run = _Run(runnable, warehouse, environment)
    with warehouse.session(Mark(environment.invocation.id, runnable.sync.name)):
        try:
            run.go()
        except ReverseEtlError as error:
            run.story.problem = problem_of(error)
            if not isinstance(error, WarehouseError):
                with suppress(ReverseEtlError):
                    run.record(0)
    with warehouse.session(Mark(environment.invocation.id, runnable.sync.name)):
        return with_costs(result_of(runnable, run.story, environment), warehouse.costs(runnable.sync.name))


class _Run:
    """One run, step by step; `story` is what there is to tell of it so far."""

    def __init__(self, runnable: RunnableSync, warehouse: Warehouse, environment: RunEnvironment) -> None:
        self.runnable = runnable
        self.warehouse = warehouse
        self.environment = environment
        self.store = SnapshotStore(warehouse, environment.settings.state_schema, runnable.sync, runnable.layout)
        self.story = Story(environment.clock.wall(), environment.clock.monotonic())
        self.prepared, self._stage = False, ""
        self.pause: UserPause | None = None

    def go(self) -> None:
        with self._timed("look"):
            look = self.store.read_status()
        report_plain_comparison(look, self.runnable.sync.name, self.environment.invocation.listener)
        self.story.looked(look.counts, acts=look.diff.acts_on_removed)
        if look.lease is None:
            self._warn_of_rename()
        if self._stopped_by_guard(look) or self._nothing_to_do(look):
            self.record(0)
            return
        with self.warehouse.idle():
            client = self.environment.connections.client(self.runnable.destination)
        try:
            self._with_lease(look, client)
        finally:
            client.close()

    def _warn_of_rename(self) -> None:
        with self.warehouse.step(self._stage):
            warning = rename_warning(self.runnable, self.warehouse, self.environment)
        self.story.warnings += [warning] if warning else []

    def _nothing_to_do(self, look: SnapshotStatus) -> bool:
        open_run = look.lease is not None and look.lease.run is not None
        counts = look.counts
        damaged = look.integrity_problem is not None
        tidy = counts.stale or counts.moved or counts.lists_settled or look.needs_update or damaged
        planned = self.story.to_send or counts.invalid_rows or tidy
        return not (planned or open_run or (self.environment.invocation.full_refresh and look.counts.entries))

    def _stopped_by_guard(self, look: SnapshotStatus) -> bool:
        problem = guard_problem(self.runnable, look, self.environment.invocation.passed_guards)
        if problem is not None:
            self.story.problem = problem
            self.story.status = SyncStatus.STOPPED
        return problem is not None

    def _prepare(self, client: Client, look: SnapshotStatus, lease: Lease) -> None:
        """Ask Iterable what must be known before the first row, and remember what it calls things.

        Under the lease: what is missing may be made there, and another run must not make it too. `look` has the row.
        """
        row = look.lease
        if row is None:
            return
        with self._timed("check"):
            questions = self.environment.questions(client, self.runnable.destination)
            place = remembered_place(self.runnable, row, self.store, self.environment)
            with self.warehouse.idle():
                bound = self.runnable.bound.connect(replace(self.runnable.context, remembered=place), questions)
        self.runnable = self.runnable.connected(bound)
        self.prepared = True
        self.story.warnings += bound.warnings
        if not self._stopped_by_guard(look) and bound.resource_ids:
            self._remember(lease, row)

    def _remember(self, lease: Lease, row: LeaseRow) -> None:
        # Nothing has to be kept apart from rows that were accepted elsewhere, if there are none.
        allowed = () if row.is_empty else self.environment.invocation.allowed
        destination = destination_to_remember(row.destination, self.runnable.remembered(row.salt), allowed)
        if not lease.remember(destination, self.runnable.layout.key_columns):
            raise lease_lost_error(lease.fence)

    def _with_lease(self, look: SnapshotStatus, client: Client) -> None:
        lease = new_lease(self.store, self.environment, self.story.started_at)
        with self._timed("acquire"):
            self.store.prepare_lease(self.environment.clock.new_id(), self.environment.clock.new_id())
            if look.integrity_problem is not None:
                self.store.repair(look.counts.newest)
            row = acquire_lease(self.store, lease, self.environment)
        # Nobody else can take the lease of a warehouse that is exclusive while this run works in it.
        open_session = None if self.warehouse.exclusive else self.environment.connections.open_session
        mark = Mark(self.environment.invocation.id, self.runnable.sync.name, "heartbeat")
        with Heartbeat(lease, open_session, self.environment.settings.beat, mark):
            self._under_lease(look, lease, row, client)

    def _under_lease(self, look: SnapshotStatus, lease: Lease, row: LeaseRow, client: Client) -> None:
        try:
            if self.story.to_send or self.environment.invocation.full_refresh or row.run is not None:
                self._prepare(client, replace(look, lease=row), lease)
            if self.story.status is SyncStatus.STOPPED:
                with self.warehouse.step(self._stage):
                    lease.release()
                self.record(0)
                return
            row = self._recover(lease, row)
            rejections = self._plan(look, lease, row, client)
        except (WarehouseError, DestinationError):
            # Nothing was sent under this fence; a run that died before is still open and will be taken over.
            with self.warehouse.step(self._stage):
                lease.release()
            raise
        if rejections is None:
            return
        journal = Journal(lease, rejections, self._bounds())
        self._send(lease, journal, client)
        self._commit(lease, journal, rejections)

    def _recover(self, lease: Lease, row: LeaseRow) -> LeaseRow:
        """The lease without the open run of a run that died."""
        if row.run is None:
            return replace(row, holder=None)
        with self._timed("recover"):
            found = self.store.recover(lease, row.run)
        unknown, self.story.recovered_removals = found.unknown, found.removed
        name = self.runnable.sync.name
        fate = f"which died; to send again: {plural(unknown, 'row')}"
        level = "warn" if row.run.credit else "info"
        message = f"sync `{name}`: took over run {row.run.fence}, {fate if row.run.credit else 'which sent nothing'}"
        data = {"fence": row.run.fence, "unknown": unknown}
        self.environment.report(Event("RunRecovered", message, level, name, data))
        return replace(row, run=None, holder=None, entries=found.entries)

    def _plan(self, look: SnapshotStatus, lease: Lease, row: LeaseRow, client: Client) -> Rejections | None:
        """Write the plan, look at it with the guards' eyes, and open the run; None where a guard stopped it."""
        with self._timed("plan"):
            self.store.prepare_snapshot()
            if self.environment.invocation.full_refresh:
                self.store.forget_acceptance()
            # Opened before the plan is there, so that a plan which nobody sent is dropped by whoever comes next.
            if not lease.open_run():
                raise lease_lost_error(lease.fence)
            self.pause = find_pause(self.runnable, self.store, self.environment)
            waiting = self.pause.waiting if self.pause is not None else None
            thorough = look.diff.thorough or look.counts.mostly_new
            diff = replace(self.store.diff(), thorough=thorough, waiting=waiting).by_means_of(look.diff)
            written = self.store.write_plan(replace(diff, notes_rows_left=look.counts.moved), lease.fence)
            rows = sent_rows(written)
            self.store.check_plan(lease.fence)
            # The model, or the sync snapshot, may have moved since the first look.
            if not look.counts.agree(rows, acts=diff.acts_on_removed) or look.counts.entries != row.entries:
                look = self.store.compare(row, thorough=diff.thorough)
            look = replace(look, lease=row, removed_before=look.removed_before + self.story.recovered_removals)
            counts = planned_counts(look.counts, written, acts=diff.acts_on_removed)
            self.story.planned(counts, rows, self.store.changed_fields(lease.fence))
        if not self.prepared and sum(rows.values()) > rows.get("invalid", 0):
            self._prepare(client, replace(look, lease=row), lease)
        # Another run may have used the sync snapshot since the first look.
        if self._stopped_by_guard(replace(look, lease=row)):
            with self.warehouse.step("plan"):
                self.store.finish(lease.fence)
                lease.close(entries=row.entries, unknown=False)
            self.record(lease.fence)
            return None
        recheck = Recheck(self.environment.settings.recheck_after, self.runnable.bound.first_recheck)
        rejections = Rejections(self.warehouse, diff, lease.fence, recheck)
        with self.warehouse.step("plan"):
            self._remember(lease, row)
            rejections.record_invalid()
        self._tell_plan(rows)
        return rejections

    def _bounds(self) -> SendDeadlines:
        settings, stop = self.environment.settings, self.environment.invocation.stop
        clock = self.environment.clock.monotonic
        return SendDeadlines(settings.beat, settings.lease_ttl, settings.pause_bound, clock, stop)

    def _tell_plan(self, rows: dict[str, int]) -> None:
        name = self.runnable.sync.name
        counted = ", ".join(f"{count:,} {kind}" for kind, count in sorted(rows.items())) or "nothing"
        self.environment.report(Event("Planned", f"sync `{name}`: planned {counted}", "info", name, dict(rows)))

    def _send(self, lease: Lease, journal: Journal, client: Client) -> None:
        """Send; whatever goes wrong here, what was acknowledged is still committed. A lost lease is not."""
        with ThreadPoolExecutor(self.environment.settings.concurrency, "reverse-etl-send") as executor:
            sending = Sender(self.runnable, self.environment, self.store, journal, client, executor)
            with self._timed("send"):
                try:
                    self._follow(sending, lease.fence)
                finally:
                    self.story.fates, self.story.late = journal.fates, sending.late
                    self.story.traffic = sending.traffic

    def _follow(self, sending: Sender, fence: int) -> None:
        try:
            sending.send(fence, self.story.plan, self._waits(fence))
            self.story.problem = sending.problem
        except LeaseError:
            sending.give_up()
            raise
        except ReverseEtlError as error:
            sending.give_up()
            self.story.problem = problem_of(error)

    def _waits(self, fence: int) -> Waiting:
        """How many rows of the plan wait because of their users, and until when."""
        if self.pause is None:
            return Waiting()
        return Waiting(*self.store.count_paused_rows(fence), self.pause.until)

    def _commit(self, lease: Lease, journal: Journal, rejections: Rejections) -> None:
        with self._timed("commit"):
            journal.flush()
            counts = self.story.counts
            self.store.commit(journal.open_run(), journal.untouched, stale=counts.stale > 0, moved=counts.moved)
            rejections.clear_accepted()
            rejections.clear_gone()
            if counts.lists_settled:
                rejections.clear_settled()
            if self.runnable.bound.operations.write.unbars_identities:
                syncs = self.environment.project.to_destination(self.runnable.sync.destination)
                rejections.readmit([sync.name for sync in syncs])
            entries = self.store.live_entries()
            if not lease.close(entries=entries, unknown=self.story.unsure):
                raise lease_lost_error(lease.fence)
            self.store.finish(lease.fence)
            self.record(lease.fence)

    def record(self, fence: int) -> None:
        """One row a run. Before the first run there may be no table to write to."""
        with self.warehouse.step(self._stage):
            settings, tables = self.environment.settings, self.store.tables
            if prune_runs(self.warehouse, tables, settings.history_days, settings.history_runs):
                self._record(fence)

    def _record(self, fence: int) -> None:
        result = result_of(self.runnable, self.story, self.environment)
        problem = result.problem.code if result.problem else None
        invocation, began = self.environment.invocation, self.story.started_at
        counts = {**result.counts.as_dict(), **self.story.removals(invocation.allowed)}
        row = RunRow(invocation.id, fence, result.status.value, began, "", counts, problem)
        record_run(self.warehouse, self.store.tables, row)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = self.environment.clock.monotonic()
        self._stage = stage
        try:
            with self.warehouse.step(stage):
                yield
        finally:
            spent = self.environment.clock.monotonic() - began
            self.story.timings[stage] = self.story.timings.get(stage, 0.0) + spent
