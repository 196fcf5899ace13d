"""The rows that a quick comparison looks at: rows with a recent value in one column of the model, or without a value.

The highest known value of the column is a whole number: seconds since 1970 for timestamps and dates, rounded down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, inf

from reverse_etl.warehouses.columns import Column, ColumnKind
from reverse_etl.warehouses.dialect import Dialect

TIMES = (ColumnKind.TIMESTAMP, ColumnKind.DATE)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  UTC, for a text without zone
_HOUR = 3_600
# The year 1 in seconds: the first that Python and every warehouse can hold.
_FIRST = -62_135_596_800


@dataclass(frozen=True)
class RecentRows:
    """Rows of a model with `expression` at or after `since`, a literal of its type, and rows where it is NULL.

    `since_text` is the same bound for people.
    """

    expression: str
    since: str
    since_text: str

    @property
    def condition(self) -> str:
        """Return a test of a row of the model."""
        return f"({self.expression} >= {self.since} OR {self.expression} IS NULL)"


@dataclass(frozen=True)
class GrowingColumn:
    """A column of the model that grows when a row changes."""

    dialect: Dialect
    column: Column

    @property
    def expression(self) -> str:
        """Return the column over the model."""
        return self.dialect.quote(self.column.name)

    @property
    def is_time(self) -> bool:
        return self.column.kind in TIMES

    def highest(self) -> str:
        """Return SQL for the highest value: seconds since 1970, or a whole number as text."""
        most = f"max({self.expression})"
        if not self.is_time:
            return self.dialect.as_text(most)
        moment = self.dialect.utc_timestamp(most, self.column.type)
        if self.column.kind is ColumnKind.DATE:
            moment = f"CAST({most} AS {self.dialect.timestamp_type})"
        return self.dialect.epoch(moment)

    def read_highest(self, value: object, now: float) -> int | None:
        """Return the highest value as a whole number; None without one. A time in the future counts as now.

        So rows with a time in the future are compared every time, and cannot hide later ones.
        """
        if value is None:
            return None
        if not self.is_time:
            return int(str(value))
        seconds = float(str(value))
        return floor(min(seconds, now)) if seconds > -inf else None

    def lowest_value(self, highest: int, overlap: float | None) -> int:
        """Return the lowest value that a quick comparison looks at, after a run that saw `highest`."""
        default = _HOUR if self.is_time else 0
        return highest - ceil(default if overlap is None else overlap)

    def rows_from(self, highest: int, overlap: float | None) -> RecentRows:
        """Return the rows of a quick comparison after a run that saw `highest`."""
        lowest = self.lowest_value(highest, overlap)
        if not self.is_time:
            return RecentRows(self.expression, str(lowest), str(lowest))
        moment = (_EPOCH + timedelta(seconds=max(lowest, _FIRST))).isoformat(" ", "seconds")
        is_date = self.column.kind is ColumnKind.DATE
        text = moment[:10] if is_date else moment
        typed = f"CAST({self.dialect.literal(text)} AS {self.dialect.column_type(self.column.type)})"
        return RecentRows(self.expression, typed, text if is_date else f"{text} UTC")
