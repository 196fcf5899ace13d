"""Journal: what a run knows of the fate of its rows, and the flush that makes it durable before more is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reverse_etl.change import Outcome, PastFailure, Response, Sample, Status
from reverse_etl.errors import LeaseError
from reverse_etl.snapshot.lease import Lease, OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.rejections import Rejections
from reverse_etl.snapshot.sql.held_rows import FORGOTTEN
from reverse_etl.snapshot.tables import REMOVALS_FROM

_NOTED = (Status.REJECTED, Status.SKIPPED, Status.INVALID)
_MOST_RESPONSES = 10  # of one kind that are told


@dataclass(frozen=True)
class SendDeadlines:
    """When a run must beat and when it must not send. Seconds; `monotonic` is the local clock."""

    beat: float
    lease_ttl: float
    pause_bound: float
    monotonic: Callable[[], float]
    stop: Callable[[], bool]


@dataclass
class RowOutcomes:
    """How many rows ended how, and why those that did not do well. `removed` are accepted removals."""

    counts: Counter[Status] = field(default_factory=Counter)
    removed: int = 0
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    responses: dict[tuple[str, str, str], dict[Response, None]] = field(default_factory=dict)
    dropped_fields: set[str] = field(default_factory=set)
    created_fields: set[str] = field(default_factory=set)

    @property
    def forgotten(self) -> int:
        """Rows that were rejected because their users had asked to be forgotten."""
        rejected = Status.REJECTED.value
        return sum(rows for (status, code, _), rows in self.reasons.items() if (status, code) == (rejected, FORGOTTEN))

    @property
    def dropped(self) -> int:
        """Rows that were answered: the destination took them, but without some of their fields."""
        return sum(rows for (_, code, _), rows in self.reasons.items() if code == "dropped-fields")

    def samples(self, most: int = 20) -> tuple[Sample, ...]:
        """The kinds of refusal, the most frequent first."""
        common = self.reasons.most_common(most)
        return tuple(Sample(*kind, rows, tuple(self.responses.get(kind, ()))) for kind, rows in common)

    def note(self, outcome: Outcome) -> None:
        """Count a row that did not do well."""
        kind = (outcome.status.value, outcome.code, outcome.reason)
        self.counts[outcome.status] += 1
        self.reasons[kind] += 1
        told = self.responses.setdefault(kind, {})
        if outcome.response is not None and len(told) < _MOST_RESPONSES:
            told[outcome.response] = None


class Journal:
    """The fates of one run's rows. Nothing may be sent beyond `credit`, nor after the last heartbeat's deadline."""

    def __init__(self, lease: Lease, rejections: Rejections, bounds: SendDeadlines) -> None:
        """The run is open, with nothing sent yet."""
        self._lease = lease
        self._rejections = rejections
        self._bounds = bounds
        self._pending: list[Outcome] = []
        self._failed: list[Outcome] = []
        self._beat = bounds.monotonic()
        self._halted = False
        self.acked = Ranges()
        self.untouched = Ranges()
        self.credit = 0
        self.fates = RowOutcomes()

    def allowed(self) -> bool:
        """Whether a request may go now."""
        deadline = self._beat + self._bounds.lease_ttl - self._bounds.pause_bound
        return self._bounds.monotonic() < deadline and not (self._halted or self._bounds.stop())

    def halt(self) -> None:
        """Let no more request go."""
        self._halted = True

    def due(self) -> bool:
        """Whether the next heartbeat should be written."""
        return self._bounds.monotonic() >= self._beat + self._bounds.beat

    def accept(self, ordinals: Sequence[int]) -> None:
        """Note rows that Iterable took."""
        for start, end in _runs(ordinals):
            self.acked.add(start, end)
        self.fates.counts[Status.ACCEPTED] += len(ordinals)
        self.fates.removed += sum(ordinal >= REMOVALS_FROM for ordinal in ordinals)

    def note(self, outcomes: Iterable[Outcome]) -> None:
        """Note rows that ended otherwise. Ordinals are covered only once they are written down as exceptions."""
        for outcome in outcomes:
            self.fates.note(outcome)
            if outcome.status in _NOTED:
                self._pending.append(outcome)
            elif outcome.status is Status.FAILED:
                self._failed.append(outcome)
            elif outcome.status is Status.ABORTED:
                self.untouched.add(outcome.ordinal, outcome.ordinal + 1)

    def cover_invalid(self, ordinals: Sequence[int]) -> None:
        """Cover invalid rows of the plan, which were written down with it."""
        for start, end in _runs(ordinals):
            self.acked.add(start, end)
        self.fates.counts[Status.INVALID] += len(ordinals)

    def flush(self, credit: int | None = None) -> None:
        """Exceptions first, then heartbeat, acknowledgements and credit in one statement. Raises LeaseError."""
        if self._failed:
            # Written down to be told and found again, not as exceptions: nothing covers them, so they are unknown.
            self._rejections.record(self._failed)
            self._failed = []
        if self._pending:
            self._rejections.record(self._pending)
            for outcome in self._pending:
                self.acked.add(outcome.ordinal, outcome.ordinal + 1)
            self._pending = []
        began = self._bounds.monotonic()
        wanted = max(self.credit, credit or 0)
        if not self._lease.flush(wanted, self.acked):
            raise lease_lost_error(self._lease.fence)
        self.credit = wanted
        self._beat = began

    def past_failures(self, start: int, end: int) -> Mapping[int, PastFailure]:
        """How rows of the plan failed in earlier runs, by ordinal; `start` <= ordinal < `end`."""
        return self._rejections.past_failures(start, end)

    def open_run(self) -> OpenRun:
        """What the commit merges."""
        return OpenRun(self._lease.fence, self.credit, self.acked)


def lease_lost_error(fence: int) -> LeaseError:
    """Another run took the lease."""
    return LeaseError(
        "lease-lost",
        "another run took over this sync while this one was going on",
        context={"fence": fence},
        hint="Nothing is lost: the other run has taken over what this one sent. Run one schedule per sync.",
    )


def _runs(ordinals: Sequence[int]) -> list[tuple[int, int]]:
    """Ordinals as half-open intervals; a whole batch is one."""
    if not ordinals:
        return []
    if ordinals[-1] - ordinals[0] + 1 == len(ordinals):
        return [(ordinals[0], ordinals[-1] + 1)]
    found = Ranges()
    for ordinal in ordinals:
        found.add(ordinal, ordinal + 1)
    return list(found)
