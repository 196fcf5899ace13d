"""Measures what the statements of each sync cost while they run. Knows no warehouse.

Statements that differ only in numbers are counted together, so the meter stays small.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reverse_etl.cost import Cost, StatementCost
from reverse_etl.warehouses.mark import Mark

if TYPE_CHECKING:
    import pyarrow as pa


_TEXTS = re.compile(r"'(?:[^'\\]|''|\\.)*'")
_NUMBERS = re.compile(r"\d+")
_BEGINNING = re.compile(r"[A-Z_]+(?: [A-Z_]+\b)*")
_NAME = r"(?:\"[^\"]*\"|`[^`]*`|\w+)"
_TABLE = re.compile(rf"\b(?:FROM|INTO|UPDATE|TABLE|EXISTS) (?:{_NAME}\.)+({_NAME})")
# At most this many statements wait for figures that come later.
_MOST_OPEN = 10_000

_Kind = tuple[str, str, int]


class RunningStatement:
    """One statement while it runs. A figure that is still None at its end was not reported, or comes later."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """The statement starts now; `monotonic` returns seconds."""
        self._monotonic = monotonic
        self._began = monotonic()
        self._away = 0.0
        self.number = ""
        self.rows_read = 0
        self.rows_written = 0
        self.seconds: float | None = None
        self.bytes_processed: int | None = None
        self.bytes_billed: int | None = None

    def following(self, batches: Generator[pa.RecordBatch, None, None]) -> Iterator[pa.RecordBatch]:
        """Yield batches of its result as they come. The time between batches does not count for the warehouse."""
        with closing(batches):
            for batch in batches:
                self.rows_read += batch.num_rows
                left = self._monotonic()
                try:
                    yield batch
                finally:
                    self._away += self._monotonic() - left

    def cost(self) -> Cost:
        """Return the cost until now."""
        waited = self._monotonic() - self._began - self._away
        seconds = waited if self.seconds is None else self.seconds
        return Cost(1, self.rows_read, self.rows_written, seconds, self.bytes_processed, self.bytes_billed)


@dataclass(frozen=True, slots=True)
class _Open:
    """A statement whose figures come later, and the seconds that are already counted for it."""

    kind: _Kind
    seconds: float


class StatementMeter:
    """The costs since the process started, by sync."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` returns seconds."""
        self._monotonic = monotonic
        self._spent: dict[_Kind, StatementCost] = {}
        self._open: dict[str, _Open] = {}

    @contextmanager
    def statement(self, mark: Mark, sql: str) -> Iterator[RunningStatement]:
        """Measure one statement until its result has been read. A failed statement counts too."""
        statement = RunningStatement(self._monotonic)
        try:
            yield statement
        finally:
            cost = statement.cost()
            kind = (mark.sync, mark.step, hash(_NUMBERS.sub("#", sql)))
            self._add(kind, StatementCost(mark.step, describe_statement(sql), cost))
            if statement.number and len(self._open) < _MOST_OPEN:
                self._open[statement.number] = _Open(kind, cost.seconds)

    def costs(self, sync: str) -> tuple[StatementCost, ...]:
        """Return the costs of a sync, in the order in which its statements first ran."""
        return tuple(spent for kind, spent in self._spent.items() if kind[0] == sync)

    @property
    def waits(self) -> bool:
        """Whether figures of some statements are still missing."""
        return bool(self._open)

    def tell(self, number: str, seconds: float, cost: Cost) -> None:
        """Add figures that the warehouse reports later, by the id of the statement. Unknown ids are ignored."""
        found = self._open.pop(number, None)
        if found is not None:
            self._add(found.kind, StatementCost("", "", cost + Cost(seconds=seconds - found.seconds)))

    def forget(self) -> None:
        """Stop waiting for figures of ended statements."""
        self._open.clear()

    def _add(self, kind: _Kind, spent: StatementCost) -> None:
        known = self._spent.get(kind)
        self._spent[kind] = StatementCost(known.step, known.statement, known.cost + spent.cost) if known else spent


def describe_statement(sql: str) -> str:
    """Return the first words of a statement, and the first table that it names: `MERGE INTO snapshot__users`."""
    words, table = _BEGINNING.match(sql), _TABLE.search(_TEXTS.sub("''", sql))
    return " ".join(part for part in (words and words[0], table and table[1].strip('"`')) if part)
