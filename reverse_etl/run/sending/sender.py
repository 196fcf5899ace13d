"""Sends the plan of a run, window by window, never beyond the saved credit; deletions come last."""

from __future__ import annotations

from dataclasses import dataclass

from reverse_etl.change import Status
from reverse_etl.counting import agree, plural
from reverse_etl.destinations.operation import Operation
from reverse_etl.events import Event
from reverse_etl.run.context import ApprovedRun
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.canary import choose_canary
from reverse_etl.run.sending.planned_rows import PlannedRows
from reverse_etl.run.sending.send_window import SendWindow
from reverse_etl.run.sending.window_reader import WindowReader
from reverse_etl.run.sending.window_sender import WindowSender
from reverse_etl.run.sending.window_stream import PermittedWindow, Stretch
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
    """Sends one plan."""

    def __init__(self, context: ApprovedRun, windows: WindowSender) -> None:
        """The run is already open in the journal of `context`."""
        self._runnable = context.runnable
        self._environment = context.environment
        self._store = context.store
        self._journal = context.journal
        self._rows = PlannedRows(context.planned_rows, context.store, context.lease.fence)
        self._reader = WindowReader(context.store, context.lease.fence)
        self._windows = windows
        self._left_window: PermittedWindow | None = None
        # The first ordinal that this run may not send any more.
        rows = windows.allowance.rows_of(self._rows.to_send)
        self._end = self._rows.end_of(rows)
        # The first ordinal that is sent only if the rows before it went well; 0 once that is known.
        self._canary = choose_canary(context.runnable, context.environment, rows)
        self._canary_end = self._rows.end_of(self._canary.rows) if self._canary is not None else 0

    def send(self, paused: PausedCounts = _NO_PAUSED_ROWS) -> None:
        """Send the plan. Every row of it ends in the journal."""
        operations = self._runnable.bound.operations
        at_once, removals = self._rows.writes - paused.writes, self._rows.removals
        self._send_phase(SendPhase(0, at_once, operations.write))
        if paused.writes:
            self._wait(at_once, paused.writes, paused.until)
            self._send_phase(SendPhase(at_once, paused.writes, operations.write))
        if removals and operations.remove is not None:
            if paused.removals:
                self._wait(REMOVALS_FROM, paused.removals, paused.until)
            self._send_phase(SendPhase(REMOVALS_FROM, removals, operations.remove, removal=True))
        self._count_unread_invalid()

    def _wait(self, start: int, rows: int, until: float) -> None:
        """Wait until the pause between two calls for one user is over. Keep the lease; let others use the file.

        If no row from ordinal `start` on may be sent, there is nothing to wait for.
        """
        if start >= self._end:
            return
        clock, left = self._environment.clock, until - self._environment.clock.monotonic()
        self._environment.report(_pause_event(self._runnable, rows, max(0.0, left)))
        with self._store.idle():
            while not self._is_stopping() and (left := until - clock.monotonic()) > 0:
                clock.sleep(min(_TICK, left))
                if self._journal.due():
                    self._windows.flush()

    def _is_stopping(self) -> bool:
        has_problem = self._windows.problem is not None or self._environment.invocation.stop()
        return has_problem or self._windows.is_used_up()

    def _send_phase(self, phase: SendPhase) -> None:
        position, end = phase.start, phase.start + phase.rows
        is_blocked = phase.removal and self._has_unsure_writes()
        a_second = self._windows.most_rows_a_second(phase.operation)
        size = SendWindow(phase.operation.window, self._environment.settings.window, a_second)
        while position < end:
            if position >= self._canary_end:
                self._judge_canary()
            if position >= self._end and not self._is_stopping():
                self._journal.outcomes.ended_by = self._windows.allowance.rows_reason
            if is_blocked or self._is_stopping():
                self._abort(range(position, end))
                return
            position = self._send_stretch(phase, size, position, min(end, self._end, self._canary_end or end))

    def _send_stretch(self, phase: SendPhase, size: SendWindow, position: int, end: int) -> int:
        """Send rows before `end`. Return the first ordinal that was not read: rows that failed before go by themselves.

        Windows with lookups go one by one, too.
        """
        first, now = self._left_window, self._environment.clock.monotonic
        began = now()
        if first is None:
            # Read first, so that the credit covers only rows that this process holds.
            most = self._windows.limit_window(size.rows, phase.operation)
            with self._journal.profile.time("read"):
                window = self._reader.read(position, min(end, position + most))
            first = self._windows.permit(window)
        permitted, rows = now(), first.window.rows
        is_alone = bool(first.past) or self._windows.needs_lookups(phase.operation)
        stretch = Stretch(first, first.window.end if is_alone else end, self._reader, size)
        stream = self._windows.send(stretch, phase.operation)
        if stream.end == first.window.end and rows >= size.rows:
            size.learn(rows, now() - permitted, permitted - began)
        self._left_window = stream.left_window
        return stream.end

    def _judge_canary(self) -> None:
        """Stop if too many of the first rows were rejected. They all have an outcome. Later calls do nothing."""
        if self._canary is not None and not self._is_stopping():
            self._windows.problem = self._canary.judge(self._journal.outcomes)
        self._canary, self._canary_end = None, 0

    def _has_unsure_writes(self) -> bool:
        """Return whether a delete may remove too much: a refused row may need the old identity that would go."""
        outcomes = [Status.FAILED, Status.ABORTED]
        if self._runnable.layout.keys:
            outcomes += [Status.REJECTED, Status.SKIPPED]
        return any(self._journal.outcomes.counts[status] for status in outcomes)

    def _abort(self, ordinals: range) -> None:
        outcomes = self._journal.outcomes
        outcomes.counts[Status.ABORTED] += len(ordinals)
        outcomes.left += len(ordinals) if outcomes.ended_by else 0
        self._journal.untouched.add(ordinals.start, ordinals.stop)

    def _count_unread_invalid(self) -> None:
        """Count the invalid rows that were not read as invalid: they were saved with the plan, and never wait."""
        outcomes, unread = self._journal.outcomes, self._rows.invalid - self._journal.invalid_rows
        if outcomes.ended_by and unread:
            outcomes.counts[Status.ABORTED] -= unread
            outcomes.counts[Status.INVALID] += unread
            outcomes.left -= unread


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
