"""Progress: how far a sync is, how fast it goes and how long it takes yet, as a sentence or a bar."""

from __future__ import annotations

from collections.abc import Callable

from reverse_etl.events import Event
from reverse_etl.report.amounts import duration
from reverse_etl.report.redaction import printable

_WIDEST = 30


class Progress:
    """What the last progress event said, and the time since the first one of its sync."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` gives seconds."""
        self._monotonic = monotonic
        self._sync = ""
        self._began = 0.0
        self._first = 0
        self._done = 0
        self._total = 0

    def note(self, event: Event) -> None:
        """Take in an event whose data hold `done` and `total`, both rows."""
        done, total = _number(event.data.get("done")), _number(event.data.get("total"))
        if event.sync != self._sync or done < self._done:
            self._sync, self._began, self._first = event.sync, self._monotonic(), done
        self._done, self._total = done, total

    @property
    def rate(self) -> float:
        """Rows a second, by what came after the first event; 0 where that cannot be told yet."""
        spent = self._monotonic() - self._began
        return (self._done - self._first) / spent if spent > 0 else 0.0

    def sentence(self) -> str:
        """`sync x: 5,000 of 20,000 rows, 4,900 rows/s, 3 s left`."""
        return f"sync `{printable(self._sync)}`: {self._done:,} of {self._total:,} rows{self._pace()}"

    def bar(self, width: int) -> str:
        """The same within `width` characters, with a bar."""
        share = self._done / self._total if self._total else 1.0
        drawn = ("#" * round(share * _WIDEST)).ljust(_WIDEST, ".")
        text = f"{printable(self._sync)} [{drawn}] {share:4.0%} {self._done:,} rows{self._pace()}"
        return text[: max(width, 0)]

    def _pace(self) -> str:
        rate = self.rate
        if rate <= 0:
            return ""
        left = (self._total - self._done) / rate
        return f", {rate:,.0f} rows/s, {duration(left) if left >= 10 else f'{left:.0f} s'} left"


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
