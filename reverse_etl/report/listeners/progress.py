"""Progress: how far a sync is, how fast it goes and how long it takes yet, as a sentence."""

from __future__ import annotations

from collections.abc import Callable

from reverse_etl.counting import plural
from reverse_etl.events import Event
from reverse_etl.report.amounts import duration
from reverse_etl.report.redaction import printable


class Progress:
    """What the last progress event said, and the time since the first one of its sync."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` gives seconds."""
        self._monotonic = monotonic
        self._sync = ""
        self._began = 0.0
        self._first = 0
        self._done = 0
        self._held_rows = 0
        self._total = 0
        self._until, self._reason = 0.0, ""

    def note_wait(self, event: Event) -> None:
        """Note an event of a wait: for how many `seconds`, and the `reason`."""
        self._until = self._monotonic() + _seconds(event.data.get("seconds"))
        self._reason = str(event.data.get("reason", ""))

    def end_wait(self) -> None:
        """Note that the wait is over."""
        self._until = 0.0

    @property
    def wait(self) -> float:
        """Return the seconds that are left of the wait, 0 if there is none."""
        return max(0.0, self._until - self._monotonic())

    @property
    def waiting(self) -> str:
        """Return `waiting 12 s: Iterable's rate limit`; empty without a wait."""
        return f"waiting {max(1, round(self.wait))} s: {printable(self._reason)}" if self.wait else ""

    def note(self, event: Event) -> None:
        """Note an event whose data hold rows: `done` are delivered, `held` are held back or refused, of `total`."""
        done, total = _number(event.data.get("done")), _number(event.data.get("total"))
        if event.sync != self._sync or done < self._done:
            self._sync, self._began, self._first = event.sync, self._monotonic(), done
        self._done, self._held_rows, self._total = done, _number(event.data.get("held")), total

    @property
    def rate(self) -> float:
        """Return the rows a second, by what came after the first event; 0 if it is not known yet."""
        spent = self._monotonic() - self._began
        return (self._done - self._first) / spent if spent > 0 else 0.0

    def sentence(self) -> str:
        """Return `sync x: 5,000 of 20,000 rows, 4,900 rows/s, 3 s left`."""
        rows = f"{self._done:,} of {plural(self._total, 'row')}{self._held_back()}"
        return f"sync `{printable(self._sync)}`: {rows}{self._pace()}"

    @property
    def rows(self) -> tuple[int, int]:
        """Return the rows that were delivered, and all that can be: what is held back will not be."""
        return self._done, max(self._total - self._held_rows, self._done)

    @property
    def pace(self) -> str:
        """Return `4,900 rows/s, 3 s left`; empty if it is not known yet."""
        return self._pace().removeprefix(", ")

    def _held_back(self) -> str:
        return f" accepted, {self._held_rows:,} held back" if self._held_rows else ""

    def _pace(self) -> str:
        rate = self.rate
        if rate <= 0:
            return ""
        left = max((self._total - self._done - self._held_rows) / rate, self.wait)
        return f", {_speed(rate)}, {duration(left) if left >= 10 else f'{left:.0f} s'} left"


def _speed(rate: float) -> str:
    """Return `4,900 rows/s`; below one row with one more digit, so that it is not 0."""
    return f"{rate:.1f} rows/s" if rate < 1 else f"{plural(round(rate), 'row')}/s"


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
