"""Sends the plan of a run, window by window, never beyond the saved credit; deletions come last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from reverse_etl.change import Change, Outcome, PastFailure, Problem, Status, Traffic
from reverse_etl.counting import agree, plural
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
    """Ordinals of a plan that are sent by one operation: first rows to write, then rows to remove."""

    start: int
    rows: int
    operation: Operation
    removal: bool = False


@dataclass(frozen=True)
class PausedCounts:
    """How many rows wait `until` a time of the local clock: the last rows to write, and rows to remove."""

    writes: int = 0
    removals: int = 0
    until: float = 0.0


_NO_PAUSED_ROWS = PausedCounts()


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
        self._context = SendContext(client, replies, executor, clock, allowed, *bounds, on_wait=waits)
        self._total = 0
        self._past_failures: Mapping[int, PastFailure] = {}
        # The current window: the first ordinal that no request has taken yet, and where the window ends.
        self._next_ordinal = self._window_end = 0
        self._in_flight = 0  # rows that a request has taken and that have no outcome yet
        self._heartbeat_error: ReverseEtlError | None = None
        self.problem: Problem | None = None

    @property
    def has_unanswered_requests(self) -> bool:
        """Return whether some attempt had no response. It may still take effect, also if a later one was accepted."""
        return self._context.counts.unanswered > 0

    @property
    def traffic(self) -> Traffic:
        counts = self._context.counts
        return Traffic(counts.requests, counts.retries, counts.bytes_sent)

    def send(self, fence: int, rows: Mapping[str, int], paused: PausedCounts = _NO_PAUSED_ROWS) -> None:
        """Send the plan of `fence`, which holds `rows` by kind. Every row of it ends in the journal."""
        operations = self._runnable.bound.operations
        removals = rows.get("removed", 0)
        self._total = sum(rows.values())
        at_once = self._total - removals - paused.writes
        self._send_phase(fence, SendPhase(0, at_once, operations.write))
        if paused.writes:
            self._wait(paused.writes, paused.until)
            self._send_phase(fence, SendPhase(at_once, paused.writes, operations.write))
        if removals and operations.remove is not None:
            if paused.removals:
                self._wait(paused.removals, paused.until)
            self._send_phase(fence, SendPhase(REMOVALS_FROM, removals, operations.remove, removal=True))

    def give_up(self) -> None:
        """Count the other rows after an error. Rows in flight have an unknown outcome; the rest was not sent."""
        counts = self._journal.outcomes.counts
        counts[Status.FAILED] += self._in_flight
        counts[Status.ABORTED] += self._total - sum(counts.values())
        self._journal.untouched.add(self._next_ordinal, self._window_end)

    def _wait(self, rows: int, until: float) -> None:
        """Wait until the pause between two calls for one user is over. Keep the lease; let others use the file."""
        clock, left = self._environment.clock, until - self._environment.clock.monotonic()
        self._environment.report(_pause_event(self._runnable, rows, max(0.0, left)))
        with self._store.idle():
            while not self._is_stopping() and (left := until - clock.monotonic()) > 0:
                clock.sleep(min(_TICK, left))
                if self._journal.due():
                    self._flush()

    def _is_stopping(self) -> bool:
        return self.problem is not None or self._environment.invocation.stop()

    def _send_phase(self, fence: int, phase: SendPhase) -> None:
        position, end = phase.start, phase.start + phase.rows
        is_blocked = phase.removal and self._has_unsure_writes()
        size = SendWindow(phase.operation.window, self._environment.settings.window)
        reader = WindowReader(self._store, fence)
        now = self._environment.clock.monotonic
        while position < end:
            if is_blocked or self._is_stopping():
                self._abort(range(position, end))
                return
            began = now()
            # Read first, so that the credit covers only rows that this process holds.
            window = reader.read(position, min(end, position + size.rows))
            self._journal.flush(window.end)
            self._next_ordinal, self._window_end = window.start, window.end
            self._past_failures = self._journal.past_failures(window.start, window.end)
            prepared = now()
            with self._store.idle():
                self._send_window(self._encode(window), phase)
            size.learn(window.end - position, now() - prepared, prepared - began)
            position = window.end

    def _has_unsure_writes(self) -> bool:
        """Return whether a delete may remove too much: a refused row may need the old identity that would go."""
        outcomes = [Status.FAILED, Status.ABORTED]
        if self._runnable.layout.keys:
            outcomes += [Status.REJECTED, Status.SKIPPED]
        return any(self._journal.outcomes.counts[status] for status in outcomes)

    def _encode(self, window: Window) -> Iterator[Change]:
        """Return the rows that can be sent, encoded on demand. Note the outcomes of the others."""
        for batch in window.portions():
            encoded = self._runnable.encoder.encode(batch)
            self._journal.cover_invalid(encoded.invalid)
            self._journal.note(encoded.outcomes)
            yield from encoded.changes

    def _count_taken(self, changes: Iterator[Change]) -> Iterator[Change]:
        """Return the same changes. Count each one as in flight when a request takes it."""
        for change in changes:
            self._next_ordinal = change.ordinal + 1
            self._in_flight += 1
            yield change

    def _count_settled(self, settled: Iterator[SettledRows | None]) -> Iterator[SettledRows | None]:
        """Return the same outcomes. Count their rows as no longer in flight."""
        for some in settled:
            if some is not None:
                self._in_flight -= len(some.accepted) + len(some.outcomes)
            yield some

    def _send_window(self, changes: Iterator[Change], phase: SendPhase) -> None:
        lookup, operation = self._runnable.bound.operations.lookup, phase.operation
        if lookup is None or operation is not self._runnable.bound.operations.write:
            self._deliver(changes, operation)
            return
        lookups = RowLookups(lookup, self._context, self._limiter(lookup.endpoint))
        self._note_all(_settle(outcome) for outcome in lookups.run(changes))
        self.problem = lookups.problem
        if self.problem is not None:
            unsent = [Outcome(change.ordinal, Status.ABORTED, "not-sent") for change in lookups.to_send]
            self._note_all(iter([SettledRows(outcomes=unsent)]))
            return
        doubts: dict[int, Outcome] = {}
        self._deliver(iter(lookups.to_send), operation, doubts if lookup.settles else None)
        doubtful = [change for change in lookups.to_send if change.ordinal in doubts]
        self._note_all(self._count_settled(self._resolve_doubts(doubts, doubtful, lookup)))

    def _deliver(
        self, changes: Iterator[Change], operation: Operation, doubts: dict[int, Outcome] | None = None
    ) -> None:
        """Send changes. With `doubts`, refusals that may be wrong are put into it instead of the journal."""
        limiter, rows = self._limiter(operation.endpoint), self._environment.settings.batch_rows
        sender = BatchSender(operation, self._context, limiter, rows, self._past_failures)
        settled = sender.run(self._count_taken(changes))
        certain = settled if doubts is None else (_move_doubts(some, doubts) for some in settled)
        self._note_all(self._count_settled(certain))
        self.problem = self.problem or sender.problem

    def _resolve_doubts(
        self, doubts: Mapping[int, Outcome], changes: Sequence[Change], lookup: Lookup
    ) -> Iterator[SettledRows | None]:
        """Look up rows that were refused after an attempt without a response: that attempt may have been applied."""
        lookups = RowLookups(lookup, self._context, self._limiter(lookup.endpoint))
        for outcome in lookups.run(iter(changes)):
            was_applied = outcome is not None and outcome.status is Status.ACCEPTED
            yield _settle(outcome if was_applied or outcome is None else doubts[outcome.ordinal])
        yield SettledRows(outcomes=[doubts[change.ordinal] for change in lookups.to_send])

    def _note_all(self, settled: Iterator[SettledRows | None]) -> None:
        """Note outcomes as they come, and keep the lease alive. At the end, raise the error of a failed heartbeat.

        After such an error nothing new is sent, but responses that are on their way are still read.
        """
        for some in settled:
            if some is not None:
                self._journal.accept(some.accepted)
                self._journal.note(some.outcomes)
                self._journal.outcomes.dropped_fields.update(some.dropped_fields)
                self._journal.outcomes.created_fields.update(some.created_fields)
            self._report_progress()
            if self._heartbeat_error is None and self._journal.due():
                self._beat()
        if self._heartbeat_error is not None:
            raise self._heartbeat_error

    def _flush(self) -> None:
        """Flush while the session is idle. The file is locked only during the flush."""
        with self._store.step("send"):
            self._journal.flush()

    def _beat(self) -> None:
        try:
            self._flush()
        except ReverseEtlError as error:
            self._heartbeat_error = error
            self._journal.halt()

    def _abort(self, ordinals: range) -> None:
        self._journal.outcomes.counts[Status.ABORTED] += len(ordinals)
        self._journal.untouched.add(ordinals.start, ordinals.stop)

    def _limiter(self, endpoint: Endpoint) -> RateLimiter:
        runnable, environment = self._runnable, self._environment
        return environment.connections.limiter(
            runnable.destination, with_rate(endpoint, runnable.bound.operations, environment.settings)
        )

    def _report_progress(self) -> None:
        name = self._runnable.sync.name
        counts = self._journal.outcomes.counts
        accepted = counts[Status.ACCEPTED]
        held_back = counts[Status.REJECTED] + counts[Status.SKIPPED] + counts[Status.INVALID]
        data = {"done": accepted, "held": held_back, "total": self._total}
        self._environment.report(
            Event(PROGRESS, f"sync `{name}`: {accepted:,} of {plural(self._total, 'row')}", "debug", name, data)
        )


def _pause_event(runnable: RunnableSync, rows: int, seconds: float) -> Event:
    sync, name = runnable.sync.name, runnable.vendor.replies.name
    last = agree(rows, "row", plural(rows, "row"))
    message = (
        f"sync `{sync}`: waiting {seconds:.0f} s before the last {last}: {name} asks for a pause"
        " between different calls for one user (setting `user_pause`)"
    )
    level = "info" if seconds else "debug"
    data = {"rows": rows, "seconds": round(seconds, 1), "reason": "the pause between calls for one user"}
    return Event("WaitingForUsers", message, level, sync, data)


def _settle(outcome: Outcome | None) -> SettledRows | None:
    """Return the outcome of a lookup as settled rows. A lookup may show that a row was accepted before."""
    if outcome is None:
        return None
    return SettledRows([outcome.ordinal]) if outcome.status is Status.ACCEPTED else SettledRows(outcomes=[outcome])


def _move_doubts(some: SettledRows | None, doubts: dict[int, Outcome]) -> SettledRows | None:
    """Return the settled rows. Refusals after an attempt that may have been applied move to `doubts`."""
    if some is None:
        return None
    doubtful = {
        o.ordinal: o for o in some.outcomes if o.maybe_applied and o.status in (Status.REJECTED, Status.SKIPPED)
    }
    doubts.update(doubtful)
    return replace(some, outcomes=[outcome for outcome in some.outcomes if outcome.ordinal not in doubtful])
