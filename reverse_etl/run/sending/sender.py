"""Sends the plan of a run, window by window, never beyond the saved credit; deletions come last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from reverse_etl.change import Change, Outcome, PastFailure, Problem, Status, Traffic
from reverse_etl.counting import plural
from reverse_etl.delivery.batch_sender import BatchSender, SettledRows
from reverse_etl.delivery.rate_limiter import RateLimiter
from reverse_etl.delivery.request_engine import SendContext
from reverse_etl.delivery.row_lookups import RowLookups
from reverse_etl.destinations.operation import Lookup, Operation
from reverse_etl.destinations.request import Client, Endpoint
from reverse_etl.errors import ReverseEtlError
from reverse_etl.events import PROGRESS, Event
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.planning.estimate import with_rate
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.journal import Journal
from reverse_etl.run.sending.send_window import SendWindow
from reverse_etl.run.sending.window_reader import Window, WindowReader
from reverse_etl.run.wait_reporter import WaitReporter
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.tables import REMOVALS_FROM

_TICK = 0.2


@dataclass(frozen=True)
class SendPhase:
    """A range of ordinals that is sent together: first upserts, then removals."""

    start: int
    rows: int
    operation: Operation
    removal: bool = False


@dataclass(frozen=True)
class Waiting:
    """How many rows wait `until` a time of the local clock: the last upserts and the last removals."""

    writes: int = 0
    removals: int = 0
    until: float = 0.0


_NO_PAUSED_ROWS = Waiting()


class Sender:
    """Sends one plan. `problem` says why it stopped early; None if it did not."""

    def __init__(
        self,
        runnable: RunnableSync,
        environment: RunEnvironment,
        store: SnapshotStore,
        journal: Journal,
        client: Client,
        executor: Executor,
    ) -> None:
        """The run is already open in `journal`."""
        self._runnable = runnable
        self._environment = environment
        self._store = store
        self._journal = journal
        settings = environment.settings
        waits = WaitReporter(environment.clock, environment.invocation.listener, runnable.sync.name)
        clock, allowed, replies = environment.clock, journal.allowed, runnable.vendor.replies
        bounds = settings.concurrency, settings.attempts
        self._line = SendContext(client, replies, executor, clock, allowed, *bounds, on_wait=waits)
        self._total = 0
        self._past: Mapping[int, PastFailure] = {}
        # The current window: the first ordinal that was not sent yet, and the end of the window.
        self._given = self._credit = 0
        self._open = 0  # rows that were sent and have no outcome yet
        self._fault: ReverseEtlError | None = None
        self.problem: Problem | None = None

    @property
    def has_unanswered_requests(self) -> bool:
        """Return whether some attempt had no response. It may still take effect, even if a later one was refused."""
        return self._line.counts.unanswered > 0

    @property
    def traffic(self) -> Traffic:
        counts = self._line.counts
        return Traffic(counts.requests, counts.retries, counts.bytes_sent)

    def send(self, fence: int, rows: Mapping[str, int], waits: Waiting = _NO_PAUSED_ROWS) -> None:
        """Send the plan of `fence`, which holds `rows` by kind. Every row of it ends in the journal."""
        operations = self._runnable.bound.operations
        removals = rows.get("removed", 0)
        self._total = sum(rows.values())
        at_once = self._total - removals - waits.writes
        self._phase(fence, SendPhase(0, at_once, operations.write))
        if waits.writes:
            self._wait(waits.writes, waits.until)
            self._phase(fence, SendPhase(at_once, waits.writes, operations.write))
        if removals and operations.remove is not None:
            if waits.removals:
                self._wait(waits.removals, waits.until)
            self._phase(fence, SendPhase(REMOVALS_FROM, removals, operations.remove, removal=True))

    def give_up(self) -> None:
        """Give every remaining row an outcome after a fault: no answer if it may have been sent, else not sent."""
        counts = self._journal.outcomes.counts
        counts[Status.FAILED] += self._open
        counts[Status.ABORTED] += self._total - sum(counts.values())
        self._journal.untouched.add(self._given, self._credit)

    def _wait(self, rows: int, until: float) -> None:
        """Wait for the pause between two calls for one user. Keep the lease, and free the warehouse."""
        time, left = self._environment.clock, until - self._environment.clock.monotonic()
        self._environment.report(_pausing(self._runnable, rows, max(0.0, left)))
        with self._store.idle():
            while (
                self.problem is None
                and not self._environment.invocation.stop()
                and (left := until - time.monotonic()) > 0
            ):
                time.sleep(min(_TICK, left))
                if self._journal.due():
                    self._flush()

    def _phase(self, fence: int, phase: SendPhase) -> None:
        position, end = phase.start, phase.start + phase.rows
        unsure = phase.removal and self._has_unsure_writes()
        size = SendWindow(phase.operation.window, self._environment.settings.window)
        reader = WindowReader(self._store, fence)
        now = self._environment.clock.monotonic
        while position < end:
            if self.problem is not None or self._environment.invocation.stop() or unsure:
                self._abort(range(position, end))
                return
            began = now()
            # Read first, so that only rows in memory may be sent.
            window = reader.read(position, min(end, position + size.rows))
            self._journal.flush(window.end)
            self._given, self._credit = window.start, window.end
            self._past = self._journal.past_failures(window.start, window.end)
            read = now()
            with self._store.idle():
                self._window(self._changes(window), phase)
            size.learn(window.end - position, now() - read, read - began)
            position = window.end

    def _has_unsure_writes(self) -> bool:
        """Return whether a deletion could remove too much: a refused row may still need its old identity."""
        ended = [Status.FAILED, Status.ABORTED]
        if self._runnable.layout.keys:
            ended += [Status.REJECTED, Status.SKIPPED]
        return any(self._journal.outcomes.counts[status] for status in ended)

    def _changes(self, window: Window) -> Iterator[Change]:
        """Yield the rows that can be sent, encoded one by one. The others go into the journal."""
        for batch in window.portions():
            encoded = self._runnable.encoder.encode(batch)
            self._journal.cover_invalid(encoded.invalid)
            self._journal.note(encoded.outcomes)
            yield from encoded.changes

    def _giving(self, changes: Iterator[Change]) -> Iterator[Change]:
        """Yield the same changes, and count each one."""
        for change in changes:
            self._given = change.ordinal + 1
            self._open += 1
            yield change

    def _answered(self, settled: Iterator[SettledRows | None]) -> Iterator[SettledRows | None]:
        """Yield the same outcomes, and count their rows."""
        for some in settled:
            if some is not None:
                self._open -= len(some.accepted) + len(some.outcomes)
            yield some

    def _window(self, changes: Iterator[Change], phase: SendPhase) -> None:
        lookup, operation = self._runnable.bound.operations.lookup, phase.operation
        if lookup is None or operation is not self._runnable.bound.operations.write:
            self._deliver(changes, operation)
            return
        lookups = RowLookups(lookup, self._line, self._limiter(lookup.endpoint))
        self._follow(_settled(outcome) for outcome in lookups.run(changes))
        self.problem = lookups.problem
        if self.problem is not None:
            unsent = [Outcome(change.ordinal, Status.ABORTED, "not-sent") for change in lookups.found]
            self._follow(iter([SettledRows(outcomes=unsent)]))
            return
        doubts: dict[int, Outcome] = {}
        self._deliver(iter(lookups.found), operation, doubts if lookup.settles else None)
        doubtful = [change for change in lookups.found if change.ordinal in doubts]
        self._follow(self._answered(self._resolved(doubts, doubtful, lookup)))

    def _deliver(
        self, changes: Iterator[Change], operation: Operation, doubts: dict[int, Outcome] | None = None
    ) -> None:
        """Send. Refusals that are not final are put into `doubts`, if it is given."""
        limiter, rows = self._limiter(operation.endpoint), self._environment.settings.batch_rows
        delivery = BatchSender(operation, self._line, limiter, rows, self._past)
        settled = delivery.run(self._giving(changes))
        self._follow(self._answered(settled if doubts is None else (_apart(some, doubts) for some in settled)))
        self.problem = self.problem or delivery.problem

    def _resolved(
        self, doubts: Mapping[int, Outcome], changes: Sequence[Change], lookup: Lookup
    ) -> Iterator[SettledRows | None]:
        """Yield the outcomes of rows that were refused after an attempt without a response."""
        lookups = RowLookups(lookup, self._line, self._limiter(lookup.endpoint))
        for outcome in lookups.run(iter(changes)):
            taken = outcome is not None and outcome.status is Status.ACCEPTED
            yield _settled(outcome if taken or outcome is None else doubts[outcome.ordinal])
        yield SettledRows(outcomes=[doubts[change.ordinal] for change in lookups.found])

    def _follow(self, settled: Iterator[SettledRows | None]) -> None:
        """Record outcomes as they come, and keep the lease alive. Raises what a heartbeat raised, at the end.

        After that no request is sent, and open requests are finished.
        """
        for some in settled:
            if some is not None:
                self._journal.accept(some.accepted)
                self._journal.note(some.outcomes)
                self._journal.outcomes.dropped_fields.update(some.dropped_fields)
                self._journal.outcomes.created_fields.update(some.created_fields)
            self._tell()
            if self._fault is None and self._journal.due():
                self._beat()
        if self._fault is not None:
            raise self._fault

    def _flush(self) -> None:
        """Flush while the session is idle. The file is locked only during the flush."""
        with self._store.step("send"):
            self._journal.flush()

    def _beat(self) -> None:
        try:
            self._flush()
        except ReverseEtlError as error:
            self._fault = error
            self._journal.halt()

    def _abort(self, ordinals: range) -> None:
        self._journal.outcomes.counts[Status.ABORTED] += len(ordinals)
        self._journal.untouched.add(ordinals.start, ordinals.stop)

    def _limiter(self, endpoint: Endpoint) -> RateLimiter:
        runnable, environment = self._runnable, self._environment
        return environment.connections.limiter(
            runnable.destination, with_rate(endpoint, runnable.bound.operations, environment.settings)
        )

    def _tell(self) -> None:
        name = self._runnable.sync.name
        counts = self._journal.outcomes.counts
        delivered = counts[Status.ACCEPTED]
        held = counts[Status.REJECTED] + counts[Status.SKIPPED] + counts[Status.INVALID]
        data = {"done": delivered, "held": held, "total": self._total}
        self._environment.report(
            Event(PROGRESS, f"sync `{name}`: {delivered:,} of {plural(self._total, 'row')}", "debug", name, data)
        )


def _pausing(runnable: RunnableSync, rows: int, seconds: float) -> Event:
    sync, name = runnable.sync.name, runnable.vendor.replies.name
    message = (
        f"sync `{sync}`: waiting {seconds:.0f} s before the last {plural(rows, 'row')}: {name} asks for a pause"
        " between different calls for one user (setting `user_pause`)"
    )
    level = "info" if seconds else "debug"
    data = {"rows": rows, "seconds": round(seconds, 1), "reason": "the pause between calls for one user"}
    return Event("WaitingForUsers", message, level, sync, data)


def _settled(outcome: Outcome | None) -> SettledRows | None:
    """Return the outcome by a lookup. The row may have been accepted before."""
    if outcome is None:
        return None
    return SettledRows([outcome.ordinal]) if outcome.status is Status.ACCEPTED else SettledRows(outcomes=[outcome])


def _apart(some: SettledRows | None, doubts: dict[int, Outcome]) -> SettledRows | None:
    """Return what is final. Refusals after an attempt without a response go to `doubts`."""
    if some is None:
        return None
    doubtful = {
        o.ordinal: o for o in some.outcomes if o.maybe_applied and o.status in (Status.REJECTED, Status.SKIPPED)
    }
    doubts.update(doubtful)
    return replace(some, outcomes=[outcome for outcome in some.outcomes if outcome.ordinal not in doubtful])
