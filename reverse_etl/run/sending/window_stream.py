"""WindowStream: the rows of successive windows. While some are sent, others are encoded, and the next window is read.

One thread runs all statements of the warehouse, one after the other; another one encodes. Both work on at most one
window ahead, so memory stays bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from reverse_etl.change import Change, PastFailure
from reverse_etl.delivery.retrying_caller import InlineExecutor
from reverse_etl.delivery.row_encoder import Encoded
from reverse_etl.errors import ReverseEtlError
from reverse_etl.run.context import ApprovedRun
from reverse_etl.run.sending.journal import Flush
from reverse_etl.run.sending.send_window import SendWindow
from reverse_etl.run.sending.window_reader import Window, WindowReader

if TYPE_CHECKING:
    import pyarrow as pa

# Portions that are encoded before the first of them is needed.
_PORTIONS_AHEAD = 3
# So long rows are counted to find how fast they are sent.
_SECONDS_TO_LEARN = 1.0
# A part without rows: send what is there, since nothing more can come before it has an outcome.
_NO_MORE_FOR_NOW: Sequence[Change] = ()


@dataclass(frozen=True)
class PermittedWindow:
    """A window whose rows may be sent: its credit is saved. `past` is how its rows failed before, by ordinal."""

    window: Window
    past: Mapping[int, PastFailure]


@dataclass(frozen=True)
class Stretch:
    """Rows of a plan to send without a pause: the first window, and all rows with an ordinal below `end`."""

    first: PermittedWindow
    end: int
    reader: WindowReader
    size: SendWindow


@dataclass(frozen=True)
class SendLine:
    """What a stream must know of the requests: whether more rows are wanted, rows in requests, seconds of a reply."""

    may_go_on: Callable[[], bool]
    rows_in_flight: Callable[[], int]
    latency: Callable[[], float]


class WindowStream:
    """The rows of one stretch. `end` is the first ordinal that it has not read.

    `left_window` is a window that was read and is not part of it, because some of its rows failed before. `error` is
    why it ended early: then no more windows are read.
    """

    def __init__(self, context: ApprovedRun, stretch: Stretch, line: SendLine) -> None:
        """The session is idle."""
        self._store, self._journal = context.store, context.journal
        self._encode_batch = context.runnable.encoder.encode
        self._now = context.environment.clock.monotonic
        self._stretch, self._profile, self._line = stretch, context.journal.profile, line
        self._windows = deque([stretch.first.window])
        self._portions: Iterator[pa.RecordBatch] = iter(())
        self._ahead: deque[Future[Encoded]] = deque()
        self._job: Future[PermittedWindow | None] | None = None
        self._flush: Flush | None = None
        self._is_reading = self._is_late = self._failed_to_read = False
        self._warehouse = ThreadPoolExecutor(1, "reverse_etl warehouse")
        is_short = stretch.first.window.end == stretch.end and stretch.first.window.is_one_portion
        self._encoder: Executor = InlineExecutor() if is_short else ThreadPoolExecutor(1, "reverse_etl encode")
        self._settled_before = self._journal.outcomes.settled
        self._mark = (self._now(), self._settled_before)  # a time, and how many rows had an outcome then
        self._permitted = stretch.first.window.rows
        self._statement_seconds = 0.0
        self.end = stretch.first.window.end
        self.left_window: PermittedWindow | None = None
        self.error: ReverseEtlError | None = None

    def __enter__(self) -> WindowStream:  # noqa: PYI034  Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the statement that runs. Later, only this thread uses the session again."""
        self._encoder.shutdown()
        self._warehouse.shutdown()
        if self._job is not None:
            self._end_job()

    def parts(self) -> Iterator[Sequence[Change] | None]:
        """Yield the rows that can be sent, in portions, and note the others; None if the next one is not there yet.

        A part without rows asks to send the rows before it, because no more can come before these have an outcome.
        """
        while True:
            self.poll()
            self._encode_ahead()
            if self._ahead and self._ahead[0].done():
                encoded = self._ahead.popleft().result()
                self._note_unsent(encoded)
                if encoded.changes:
                    yield encoded.changes
            elif self._ahead:
                yield None
            elif not self._is_reading and self._is_over():
                return
            else:
                self._is_late = True
                yield None if self._is_reading or self._line.rows_in_flight() else _NO_MORE_FOR_NOW

    def poll(self) -> None:
        """Take up a statement that has ended, and begin the next one if there is one to run.

        A heartbeat is waited for, and a window if the permission to send is about to end.
        """
        if self._job is not None and (self._job.done() or self._journal.is_urgent()):
            self._end_job()
        if self._job is None and self.error is None:
            self._begin_next_job()

    def _begin_next_job(self) -> None:
        unsettled = self._permitted - (self._journal.outcomes.settled - self._settled_before)
        if not self._is_over() and not self._windows and unsettled <= self._learn() // 2:
            if self._now() - self._mark[0] > _SECONDS_TO_LEARN:
                self._mark = (self._now(), self._journal.outcomes.settled)
            self._begin_job(self._read_next, max(1, self._stretch.size.rows - unsettled))
        elif self._journal.due():
            self._begin_job(self._beat)
            self._end_job()

    def wakers(self) -> Collection[Future[Any]]:
        """Return what may bring the next part."""
        return [one for one in (self._job, *list(self._ahead)[:1]) if one is not None]

    def _is_over(self) -> bool:
        """Return whether no more windows are wanted."""
        is_last = self.end >= self._stretch.end or self.left_window is not None
        return is_last or self.error is not None or not self._line.may_go_on()

    def _learn(self) -> int:
        """Return how many rows may have no outcome, by how fast rows were sent in the last second or more."""
        since, before = self._mark
        rows, seconds = self._journal.outcomes.settled - before, self._now() - since
        if rows and seconds > _SECONDS_TO_LEARN:
            self._stretch.size.learn(rows, seconds, self._statement_seconds, self._line.latency())
        return self._stretch.size.rows

    def _encode_ahead(self) -> None:
        while len(self._ahead) < _PORTIONS_AHEAD:
            portion = next(self._portions, None)
            if portion is not None:
                self._ahead.append(self._encoder.submit(self._encode, portion))
            elif self._windows:
                self._portions = self._windows.popleft().portions()
            else:
                return

    def _encode(self, portion: pa.RecordBatch) -> Encoded:
        with self._profile.time("encode"):
            return self._encode_batch(portion)

    def _note_unsent(self, encoded: Encoded) -> None:
        self._journal.cover_invalid(encoded.invalid)
        self._journal.note(encoded.outcomes)
        # The destination holds all that a request for these rows could carry.
        self._journal.accept(encoded.unneeded)

    def _begin_job(self, work: Callable[..., PermittedWindow | None], *arguments: int) -> None:
        self._is_reading = bool(arguments)
        self._flush = self._journal.begin_flush()
        self._job = self._warehouse.submit(work, self._flush, *arguments)

    def _end_job(self) -> None:
        """Take up what a statement did. After an error, what is on its way is still read, and nothing new is sent."""
        job, flush = self._job, self._flush
        self._job = self._flush = None
        self._is_reading = False
        if job is None or flush is None:
            return
        error = job.exception()
        if error is not None:
            self._journal.drop_flush(flush)
            if not isinstance(error, ReverseEtlError):
                raise error
            self._end_with(error)
            return
        self._journal.end_flush(flush)
        if self._is_late:
            self._stretch.size.note_late()
            self._is_late = False
        read = job.result()
        if read is None:
            return
        if read.past:
            self.left_window = read
        else:
            self._windows.append(read.window)
            self._permitted += read.window.rows
            self.end = read.window.end

    def _end_with(self, error: ReverseEtlError) -> None:
        """Read no more windows. If the journal could not be saved, nothing new is sent either."""
        self.error = error
        if not self._failed_to_read:
            self._journal.halt()

    def _read_next(self, flush: Flush, rows: int) -> PermittedWindow:
        """Read the next window, and save its credit. Runs in the thread of the warehouse."""
        start, end = self.end, min(self._stretch.end, self.end + rows)
        began, self._failed_to_read = self._now(), False
        with self._store.step("send"):
            if self._journal.is_stale():  # reading may take long, and requests are sent at the same time
                self._journal.write(flush)
            self._failed_to_read = True
            with self._profile.time("read"):
                window = self._stretch.reader.read(start, end)
            self._failed_to_read = False
            with self._profile.time("journal"):
                self._journal.write(flush, window.end)
                past = self._journal.past_failures(window.start, window.end)
        self._statement_seconds = self._now() - began
        return PermittedWindow(window, past)

    def _beat(self, flush: Flush) -> None:
        """Keep the lease. Runs in the thread of the warehouse."""
        self._failed_to_read = False
        with self._store.step("send"), self._profile.time("journal"):
            self._journal.write(flush)
