"""Journal: the outcomes of a run's rows, and the flush that saves them before more is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.change import Outcome, PastFailure, Status
from reverse_etl.errors import LeaseError
from reverse_etl.run.sending.row_outcomes import RowOutcomes
from reverse_etl.run.sending.send_profile import SendProfile
from reverse_etl.snapshot.lease import Lease, OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.rejections import Rejections
from reverse_etl.snapshot.tables import REMOVALS_FROM

_URGENT = 0.6
_NOTED = (Status.REJECTED, Status.SKIPPED, Status.INVALID)


@dataclass(frozen=True)
class SendDeadlines:
    """When a run must send a heartbeat, and when it must not send rows. Seconds; `monotonic` is the local clock."""

    beat: float
    lease_ttl: float
    pause_bound: float
    monotonic: Callable[[], float]
    stop: Callable[[], bool]


@dataclass(frozen=True)
class Flush:
    """What one flush saves: failed rows, rows that are exceptions, and acknowledged rows without the exceptions."""

    failed: Sequence[Outcome]
    exceptions: Sequence[Outcome]
    acked: Ranges


class Journal:
    """The outcomes of one run's rows. No row is sent beyond `credit`, or after the last heartbeat's deadline."""

    def __init__(self, lease: Lease, rejections: Rejections, deadlines: SendDeadlines) -> None:
        """Start with an open run that has sent nothing."""
        self._lease = lease
        self._rejections = rejections
        self._deadlines = deadlines
        self._pending: list[Outcome] = []
        self._failed: list[Outcome] = []
        self._beat = deadlines.monotonic()
        self._halted = False
        self.acked = Ranges()
        self.untouched = Ranges()
        self.credit = 0
        self.invalid_rows = 0  # of the plan, as far as it was read
        self.outcomes = RowOutcomes()
        self.profile = SendProfile(deadlines.monotonic)

    def allowed(self) -> bool:
        """Return whether a request may be sent now. Safe for threads."""
        return self._age < self._longest_age and not (self._halted or self._deadlines.stop())

    def is_urgent(self) -> bool:
        """Return whether most of the time is over in which requests may be sent after a heartbeat."""
        return self._age >= self._longest_age * _URGENT and not self._halted

    @property
    def _age(self) -> float:
        return self._deadlines.monotonic() - self._beat

    @property
    def _longest_age(self) -> float:
        return self._deadlines.lease_ttl - self._deadlines.pause_bound

    def is_stale(self) -> bool:
        """Return whether half of the time until the next heartbeat has passed."""
        return self._age >= self._deadlines.beat / 2

    def halt(self) -> None:
        """Allow no more requests."""
        self._halted = True

    def due(self) -> bool:
        """Return whether the next heartbeat is due."""
        return self._age >= self._deadlines.beat

    def accept(self, ordinals: Sequence[int]) -> None:
        """Note accepted rows."""
        for start, end in _intervals(ordinals):
            self.acked.add(start, end)
            self.outcomes.removed += end - max(start, REMOVALS_FROM) if end > REMOVALS_FROM else 0
        self.outcomes.counts[Status.ACCEPTED] += len(ordinals)

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Note all other outcomes. An ordinal is covered only after it is saved as an exception."""
        for outcome in outcomes:
            self.outcomes.note(outcome)
            if outcome.status in _NOTED:
                self._pending.append(outcome)
            elif outcome.status is Status.FAILED:
                self._failed.append(outcome)
            elif outcome.status is Status.ABORTED:
                self.untouched.add(outcome.ordinal, outcome.ordinal + 1)

    def cover_invalid(self, ordinals: Sequence[int]) -> None:
        """Cover invalid rows of the plan. They were saved together with it."""
        for start, end in _intervals(ordinals):
            self.acked.add(start, end)
        self.outcomes.counts[Status.INVALID] += len(ordinals)
        self.invalid_rows += len(ordinals)

    def flush(self, credit: int | None = None) -> None:
        """Save exceptions first, then heartbeat, acknowledgements and credit in one statement. Raises LeaseError."""
        flush = self.begin_flush()
        try:
            self.write(flush, credit)
        except BaseException:
            self.drop_flush(flush)
            raise
        self.end_flush(flush)

    def begin_flush(self) -> Flush:
        """Return what is to be saved now. `end_flush` or `drop_flush` follows before the next one begins."""
        flush = Flush(self._failed, self._pending, self.acked.copy())
        self._failed, self._pending = [], []
        return flush

    def write(self, flush: Flush, credit: int | None = None) -> None:
        """Save a flush; rows may be noted at the same time in another thread. Raises LeaseError."""
        if flush.failed:
            # Saved so that `rejected` shows them, not as exceptions: nothing covers them, so they are unknown.
            self._rejections.save_outcomes(flush.failed)
        if flush.exceptions:
            self._rejections.save_outcomes(flush.exceptions)
        covered = flush.acked.copy()
        for outcome in flush.exceptions:
            covered.add(outcome.ordinal, outcome.ordinal + 1)
        began, wanted = self._deadlines.monotonic(), max(self.credit, credit or 0)
        if not self._lease.flush(wanted, covered):
            raise lease_lost_error(self._lease.fence)
        self.credit, self._beat = wanted, began

    def end_flush(self, flush: Flush) -> None:
        """Cover the exceptions of a flush that was saved."""
        for outcome in flush.exceptions:
            self.acked.add(outcome.ordinal, outcome.ordinal + 1)

    def drop_flush(self, flush: Flush) -> None:
        """Save the rows of a flush that failed with the next one. What was saved is not saved twice."""
        self._failed[:0], self._pending[:0] = flush.failed, flush.exceptions

    def past_failures(self, start: int, end: int) -> Mapping[int, PastFailure]:
        """Return how rows of the plan failed in earlier runs, by ordinal; `start` <= ordinal < `end`."""
        return self._rejections.past_failures(start, end)

    def open_run(self) -> OpenRun:
        """Return what the commit merges."""
        return OpenRun(self._lease.fence, self.credit, self.acked)


def lease_lost_error(fence: int) -> LeaseError:
    """Return the error of a run whose lease another run took."""
    return LeaseError(
        "lease-lost",
        "another run took over this sync while this run was sending",
        context={"fence": fence},
        hint="Nothing is lost: the other run has taken over what this one sent. Run one schedule per sync.",
    )


def _intervals(ordinals: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield ordinals as half-open intervals. A batch may hold them in another order."""
    if isinstance(ordinals, range):
        yield ordinals.start, ordinals.stop
        return
    start = end = ordinals[0] if ordinals else 0
    for ordinal in ordinals:
        if ordinal != end:
            yield start, end
            start = ordinal
        end = ordinal + 1
    yield start, end
