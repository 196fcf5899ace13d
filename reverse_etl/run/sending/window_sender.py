"""Sends one window of a plan: encodes its rows, looks them up if needed, sends them, and notes every outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace

from reverse_etl.change import Change, Outcome, PastFailure, Problem, Status, Traffic
from reverse_etl.change_block import count_fields, ordinals_of
from reverse_etl.counting import plural
from reverse_etl.delivery.batch_sender import BatchSender, SettledRows
from reverse_etl.delivery.rate_limiter import RateLimiter
from reverse_etl.delivery.request_engine import SendContext
from reverse_etl.delivery.row_lookups import RowLookups
from reverse_etl.destinations.operation import Lookup, Operation
from reverse_etl.destinations.request import Endpoint
from reverse_etl.events import PROGRESS, Event
from reverse_etl.run.context import ApprovedRun
from reverse_etl.run.planning.estimate import with_rate
from reverse_etl.run.sending.allowance import allowance_of
from reverse_etl.run.sending.window_reader import Window
from reverse_etl.run.sending.window_stream import PermittedWindow, SendLine, Stretch, WindowStream
from reverse_etl.run.wait_reporter import WaitReporter


class WindowSender:
    """Sends the windows of one plan. `problem` says why nothing more is sent; None if nothing stopped it."""

    def __init__(self, context: ApprovedRun, executor: Executor) -> None:
        """The run is already open in the journal of `context`."""
        self._run = context
        self._runnable = runnable = context.runnable
        self._environment = environment = context.environment
        self._store = context.store
        self._journal = journal = context.journal
        self._total = sum(context.planned_rows.values())
        clock, settings = environment.clock, environment.settings
        waits = WaitReporter(clock, environment.invocation.listener, runnable.sync.name)
        replies, bounds = runnable.vendor.replies, (settings.concurrency, settings.attempts)
        self.allowance = allowance_of(runnable.sync, environment)
        self._context = SendContext(
            context.client,
            replies,
            executor,
            clock,
            journal.allowed,
            *bounds,
            on_wait=waits,
            is_used_up=self.is_used_up,
            wakers=lambda: self._stream.wakers() if self._stream is not None else (),
        )
        self._past_failures: Mapping[int, PastFailure] = {}
        self._stream: WindowStream | None = None
        self._sender: BatchSender | None = None
        self._next_ordinal = 0  # the first ordinal that no request has taken yet
        self._fields_sent = self._fields_spared = 0
        self._in_flight = 0  # rows that a request has taken and that have no outcome yet
        self.problem: Problem | None = None

    @property
    def has_unanswered_requests(self) -> bool:
        """Return whether some attempt had no response. It may still take effect, also if a later one was accepted."""
        return self._context.counts.unanswered > 0

    @property
    def traffic(self) -> Traffic:
        counts = self._context.counts
        return Traffic(counts.requests, counts.retries, counts.bytes_sent, self._fields_sent, self._fields_spared)

    @property
    def profile(self) -> Mapping[str, float]:
        """Return the seconds of each part of sending."""
        counts = self._context.counts
        seconds = {**self._journal.profile.seconds, "rate_limit": counts.paced, "reply": counts.waited}
        return {part: round(value, 3) for part, value in seconds.items()}

    def is_used_up(self) -> bool:
        """Return whether the run may start no further request, although nothing is wrong."""
        outcomes, now = self._journal.outcomes, self._environment.clock.monotonic()
        outcomes.ended_by = outcomes.ended_by or self.allowance.reason_to_end(self._context.counts.started, now)
        return bool(outcomes.ended_by)

    def limit_window(self, rows: int, operation: Operation) -> int:
        """Return how many rows the next window may have. Lookups must leave requests to send the rows."""
        operations, requests = self._runnable.bound.operations, self.allowance.requests
        if requests is None or operations.lookup is None or operation is not operations.write:
            return rows
        return max(1, min(rows, (requests - self._context.counts.started) // 2))

    def permit(self, window: Window) -> PermittedWindow:
        """Save the credit for a window, and learn how its rows failed before."""
        with self._journal.profile.time("journal"):
            self._journal.flush(window.end)
            return PermittedWindow(window, self._journal.past_failures(window.start, window.end))

    def needs_lookups(self, operation: Operation) -> bool:
        """Return whether each row is looked up before it is sent."""
        operations = self._runnable.bound.operations
        return operations.lookup is not None and operation is operations.write

    def send(self, stretch: Stretch, operation: Operation) -> WindowStream:
        """Send the rows of a stretch by one operation, while the session is idle. Return what it read."""
        self._past_failures = stretch.first.past
        line = SendLine(self._may_go_on, lambda: self._in_flight, lambda: self._context.counts.latency)
        stream = self._stream = WindowStream(self._run, stretch, line)
        with self._store.idle(), stream:
            self._send(stream.parts(), operation)
        if stream.error is not None:
            raise stream.error
        return stream

    def _may_go_on(self) -> bool:
        problem = self.problem or (self._sender.problem if self._sender is not None else None)
        return problem is None and not self._environment.invocation.stop() and not self.is_used_up()

    def give_up(self) -> None:
        """Count the other rows after an error. Rows in flight have an unknown outcome; the rest was not sent."""
        counts = self._journal.outcomes.counts
        counts[Status.FAILED] += self._in_flight
        counts[Status.ABORTED] += self._total - sum(counts.values())
        self._journal.untouched.add(self._next_ordinal, self._journal.credit)

    def _count_taken(self, changes: Sequence[Change]) -> None:
        """Count rows that a request has taken as in flight."""
        self._next_ordinal = max(self._next_ordinal, _end_of(ordinals_of(changes)))
        self._in_flight += len(changes)
        sent, spared = count_fields(changes)
        self._fields_sent += sent
        self._fields_spared += spared

    def _count_settled(self, settled: Iterator[SettledRows | None]) -> Iterator[SettledRows | None]:
        """Return the same outcomes. Count their rows as no longer in flight, and unsent fields as not sent."""
        for some in settled:
            if some is not None:
                self._in_flight -= len(some.accepted) + len(some.outcomes)
                sent, spared = count_fields(some.unsent)
                self._fields_sent -= sent
                self._fields_spared -= spared
            yield some

    def _send(self, parts: Iterator[Sequence[Change] | None], operation: Operation) -> None:
        lookup = self._runnable.bound.operations.lookup
        if lookup is None or not self.needs_lookups(operation):
            self._deliver(parts, operation)
            return
        lookups = RowLookups(lookup, self._context, self._limiter(lookup.endpoint))
        self._note_all(_settle(outcome) for outcome in lookups.run(_each(parts)))
        self.problem = lookups.problem
        if self.problem is not None:
            unsent = [Outcome(change.ordinal, Status.ABORTED, "not-sent") for change in lookups.to_send]
            self._note_all(iter([SettledRows(outcomes=unsent)]))
            return
        doubts: dict[int, Outcome] = {}
        self._deliver(iter([lookups.to_send]), operation, doubts if lookup.settles else None)
        doubtful = [change for change in lookups.to_send if change.ordinal in doubts]
        self._note_all(self._count_settled(self._resolve_doubts(doubts, doubtful, lookup)))

    def _deliver(
        self, parts: Iterator[Sequence[Change] | None], operation: Operation, doubts: dict[int, Outcome] | None = None
    ) -> None:
        """Send changes. With `doubts`, refusals that may be wrong are put into it instead of the journal."""
        limiter, rows = self._limiter(operation.endpoint), self._environment.settings.batch_rows
        self._sender = sender = BatchSender(operation, self._context, limiter, rows, self._past_failures)
        settled = sender.run(parts, self._count_taken)
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
        """Note outcomes as they come, and keep the lease alive."""
        for some in settled:
            if some is not None:
                self._journal.accept(some.accepted)
                self._journal.note(some.outcomes)
                if self._journal.outcomes.ended_by:
                    self._journal.outcomes.left += sum(one.status is Status.ABORTED for one in some.outcomes)
                self._journal.outcomes.dropped_fields.update(some.dropped_fields)
                self._journal.outcomes.created_fields.update(some.created_fields)
            self._report_progress()
            if self._stream is not None:
                self._stream.poll()

    def flush(self) -> None:
        """Flush while the session is idle. The file is locked only during the flush."""
        with self._store.step("send"):
            self._journal.flush()

    def most_rows_a_second(self, operation: Operation) -> float:
        """Return how many rows the rate limit of an operation allows in one second; 0: any number."""
        rows = min(operation.max_rows, self._environment.settings.batch_rows)
        return self._limiter(operation.endpoint).per_second * rows

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


def _each(parts: Iterator[Sequence[Change] | None]) -> Iterator[Change | None]:
    """Yield each change; None if the next one is not there yet."""
    for part in parts:
        if part is None:
            yield None
        else:
            yield from part


def _end_of(ordinals: Sequence[int]) -> int:
    """Return the number after the largest ordinal."""
    return ordinals.stop if isinstance(ordinals, range) else max(ordinals, default=-1) + 1


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
