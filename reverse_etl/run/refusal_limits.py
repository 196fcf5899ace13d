"""Whether too many rows of a run were refused: what the keys `reject_limit` and `invalid_limit` say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reverse_etl.change import Counts, Problem
from reverse_etl.counting import are, plural, were
from reverse_etl.run.context import RunContext
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.sync import OutcomeLimit

# With fewer rows in a run, a share of them means nothing.
_ENOUGH_FOR_A_SHARE = 10
_CODES = {"reject_limit": "reject-limit", "invalid_limit": "invalid-limit"}


@dataclass(frozen=True)
class _HeldRows:
    """Rows that one limit judges: how many by reason, and of how many rows. `key` is the limit's key."""

    key: str
    limit: OutcomeLimit
    reasons: Mapping[str, int]
    total: int

    @property
    def count(self) -> int:
        return sum(self.reasons.values())


def find_limit_problem(run: RunContext, counts: Counts) -> Problem | None:
    """Return whether too many rows were refused: of the rows sent now, or of all rows of the sync."""
    limit = run.runnable.sync.reject_limit
    # A forgotten user is not a fault of the rows.
    rejected, sendable = counts.rejected - run.outcomes.forgotten, counts.planned - counts.invalid
    of_many = sendable >= _ENOUGH_FOR_A_SHARE and limit.exceeds_share(rejected, sendable)
    if limit.error_if is None and (of_many or limit.exceeds_count(rejected, sendable)):
        sentence = f"{rejected:,} of {plural(sendable, 'sent row')} {were(rejected)} rejected"
        return _problem(run.runnable, "reject_limit", limit, sentence)
    for held in _held_rows(run, counts):
        if held.limit.is_error(held.count, held.total):
            reasons = ", ".join(f"{count:,} {name}" for name, count in held.reasons.items() if count)
            sentence = f"{held.count:,} of {plural(held.total, 'row')} {are(held.count)} held back: {reasons}"
            return _problem(run.runnable, held.key, held.limit, sentence)
    return None


def is_warning(run: RunContext, counts: Counts) -> bool:
    """Return whether so many rows are held back that the run ends as a warning. By default, one is enough."""
    sync, quarantined = run.runnable.sync, counts.quarantined - run.counts.waiting
    others, total = counts.rejected + quarantined, _all_rows(run, counts)
    if sync.invalid_limit is None:
        return sync.reject_limit.is_warning(others + counts.invalid, total)
    invalid = sync.invalid_limit.is_warning(counts.invalid, total)
    return invalid or sync.reject_limit.is_warning(others, total)


def _held_rows(run: RunContext, counts: Counts) -> Iterator[_HeldRows]:
    """Yield the held rows by the limit that judges them. Without `invalid_limit`, invalid rows count as rejected."""
    sync, total = run.runnable.sync, _all_rows(run, counts)
    rejected, before = counts.rejected - run.outcomes.forgotten, run.counts.refused_before
    invalid = {"invalid": counts.invalid}
    if sync.invalid_limit is not None:
        yield _HeldRows("invalid_limit", sync.invalid_limit, invalid, total)
        invalid = {}
    reasons = {"rejected": rejected, **invalid, "refused by an earlier run": before}
    yield _HeldRows("reject_limit", sync.reject_limit, reasons, total)


def _all_rows(run: RunContext, counts: Counts) -> int:
    """Return the rows of the model and the removals: what was refused stays so in every run, not only in this one."""
    removals = run.counts.refused_removals + run.planned_rows.get("removed", 0)
    return max(run.counts.model_rows + removals, counts.planned)


def _problem(runnable: RunnableSync, key: str, limit: OutcomeLimit, sentence: str) -> Problem:
    return Problem(
        _CODES[key],
        f"sync `{runnable.sync.name}`: {sentence}",
        f"See `reverse-etl rejected --select {runnable.sync.name}{runnable.destination.flag}`. All other rows are"
        f" delivered. `{key}` in the definition sets how many are too many.",
        {"limit": str(limit)},
    )
