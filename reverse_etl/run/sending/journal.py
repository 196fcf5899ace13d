"""Journal: the outcomes of a run's rows, and the flush that saves them before more is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.change import Outcome, PastFailure, Status
from reverse_etl.errors import LeaseError
from reverse_etl.run.sending.row_outcomes import RowOutcomes
from reverse_etl.snapshot.lease import Lease, OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.rejections import Rejections
from reverse_etl.snapshot.tables import REMOVALS_FROM

_NOTED = (Status.REJECTED, Status.SKIPPED, Status.INVALID)


@dataclass(frozen=True)
class SendDeadlines:
    """When a run must send a heartbeat, and when it must not send rows. Seconds; `monotonic` is the local clock."""

    beat: float
    lease_ttl: float
    pause_bound: float
    monotonic: Callable[[], float]
    stop: Callable[[], bool]


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

    def allowed(self) -> bool:
        """Return whether a request may be sent now."""
        deadline = self._beat + self._deadlines.lease_ttl - self._deadlines.pause_bound
        return self._deadlines.monotonic() < deadline and not (self._halted or self._deadlines.stop())

    def halt(self) -> None:
        """Allow no more requests."""
        self._halted = True

    def due(self) -> bool:
        """Return whether the next heartbeat is due."""
        return self._deadlines.monotonic() >= self._beat + self._deadlines.beat

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
        if self._failed:
            # Saved so that `rejected` shows them, not as exceptions: nothing covers them, so they are unknown.
            self._rejections.save_outcomes(self._failed)
            self._failed = []
        if self._pending:
            self._rejections.save_outcomes(self._pending)
            for outcome in self._pending:
                self.acked.add(outcome.ordinal, outcome.ordinal + 1)
            self._pending = []
        began = self._deadlines.monotonic()
        wanted = max(self.credit, credit or 0)
        if not self._lease.flush(wanted, self.acked):
            raise lease_lost_error(self._lease.fence)
        self.credit = wanted
        self._beat = began

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
