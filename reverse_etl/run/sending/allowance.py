"""How much a run may send: rows, requests, and until when. What is left waits for the next run, which is no error."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reverse_etl.run.environment import RunEnvironment
from reverse_etl.sync import Sync

# Why a run ended before its plan did, as the result file has it.
_LIMIT = "limit"
_ROWS = "max_rows_per_run"
_REQUESTS = "max_requests"
RUNTIME = "max_runtime"

_REASONS = {
    _LIMIT: "`--limit` ended the run",
    _ROWS: "`budget.max_rows_per_run` ended the run",
    _REQUESTS: "`budget.max_requests` ended the run",
    RUNTIME: "the longest running time (`max_runtime`) ended the run",
}


@dataclass(frozen=True)
class Allowance:
    """What one run of a sync may send. None: as much as there is. `ends_at` is seconds of the monotonic clock.

    `rows_reason` says what limits the rows.
    """

    rows: int | None = None
    requests: int | None = None
    ends_at: float = math.inf
    rows_reason: str = _LIMIT

    def rows_of(self, planned: int) -> int:
        """Return how many of the planned rows may be sent."""
        return planned if self.rows is None else min(self.rows, planned)

    def reason_to_end(self, requests: int, now: float) -> str:
        """Return why no further request may start after so many; empty if one may."""
        if self.requests is not None and requests >= self.requests:
            return _REQUESTS
        return RUNTIME if now >= self.ends_at else ""


def allowance_of(sync: Sync, environment: RunEnvironment) -> Allowance:
    """Return what the flags, the settings and the definition allow together."""
    invocation, budget = environment.invocation, sync.budget
    limits = {_LIMIT: invocation.rows.limit, _ROWS: budget.max_rows_per_run}
    reason, rows = min(limits.items(), key=lambda one: math.inf if one[1] is None else one[1])
    return Allowance(rows, budget.max_requests, invocation.ends_at, reason)


def most_rows_of(sync: Sync, environment: RunEnvironment) -> int | None:
    """Return how many rows the run sends at most; None if flags and budget allow any number."""
    chosen = environment.invocation.rows
    bounds = (chosen.limit, len(chosen.only) or None, sync.budget.max_rows_per_run)
    return min((bound for bound in bounds if bound is not None), default=None)


def left_sentence(reason: str, rows: str) -> str:
    """Return what ended a run early, and how many `rows` it left, in words."""
    return f"{_REASONS[reason]}; {rows} for the next run"
