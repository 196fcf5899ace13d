"""CircuitBreaker: ends a run in which the destination refuses everything, instead of sending millions of rows to it.

Requests without a usable answer are counted elsewhere: three of them in a row end a run (`request_engine`).
"""

from __future__ import annotations

from collections.abc import Sequence

from reverse_etl.change import FORGOTTEN_USER, Outcome, Problem, Status
from reverse_etl.counting import plural, were

# A row that had to be isolated costs about twenty requests.
_MOST_ISOLATED = 100
# So many rows, in so many requests, without an accepted one between them.
_ROWS_IN_A_ROW = 1_000
_REQUESTS_IN_A_ROW = 5


class CircuitBreaker:
    """Counts the outcomes of one run. Skipped rows, and rows about forgotten users, say nothing."""

    def __init__(self) -> None:
        """Nothing was sent so far."""
        self.settled = self._isolated = 0
        self._rows = self._requests = 0  # since the last accepted row
        self._last: Outcome | None = None

    def note(self, accepted: int, outcomes: Sequence[Outcome]) -> None:
        """Count the outcomes that one response decided."""
        self.settled += accepted + len(outcomes)
        bad = [one for one in outcomes if one.status in (Status.REJECTED, Status.FAILED) and one.code != FORGOTTEN_USER]
        if accepted:
            self.note_success()
        elif bad:
            self._rows += len(bad)
            self._requests += 1
        self._last = bad[-1] if bad else self._last

    def note_success(self) -> None:
        """Count a row that the destination does not refuse."""
        self._rows = self._requests = 0

    def note_isolated(self) -> None:
        """Count a row that was refused in a request of its own, after larger requests with it were refused."""
        self._isolated += 1

    def find_problem(self, name: str) -> Problem | None:
        """Return why no more rows should be sent to the destination `name`; None if they may."""
        if self._isolated >= _MOST_ISOLATED and self._isolated * 10 > self.settled:
            isolated = f"{plural(self._isolated, 'row')} {were(self._isolated)} isolated so far"
            return self._problem(f"{name} refuses most requests as a whole; {isolated}")
        if self._rows >= _ROWS_IN_A_ROW and self._requests >= _REQUESTS_IN_A_ROW:
            return self._problem(f"{name} accepted none of the last {plural(self._rows, 'row')}")
        return None

    def _problem(self, message: str) -> Problem:
        last = self._last
        facts = {} if last is None else {"code": last.code, "reason": last.reason, "last response": str(last.response)}
        return Problem(
            "refused-again-and-again",
            message,
            "Fix the cause in the model or the definition. The next run sends the remaining rows.",
            facts,
        )
