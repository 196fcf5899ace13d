"""Builds SQL for the time at which a row happened, from any type of column that can be sent as a time."""

from __future__ import annotations

from reverse_etl.snapshot.columns.row_layout import ValueColumn
from reverse_etl.warehouses.columns import ColumnKind
from reverse_etl.warehouses.dialect import Dialect

_NUMBERS = (ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.NUMBER, ColumnKind.FLOAT)
# Seconds from the year 1 to the year 5138: no other number is a time.
_FIRST_TIME, _BEYOND_TIME = -62_135_596_800, 100_000_000_000
# From these bounds on, a number is milliseconds since 1970 and not seconds.
_MILLISECONDS_FROM, _MILLISECONDS_BEFORE = 253_402_300_800, -100_000_000_000
# The length of `yyyy-MM-dd HH:mm:ss`: what follows in a text is its zone, which is always UTC.
_LENGTH = 19


def has_time(value: ValueColumn) -> bool:
    """Return whether SQL can read the time from a value: not from a constant or from JSON."""
    times = (ColumnKind.TIMESTAMP, ColumnKind.DATE, ColumnKind.TEXT, *_NUMBERS)
    return value.column is not None and value.kind in times and not value.json


def epoch_seconds(dialect: Dialect, value: ValueColumn, expression: str) -> str:
    """Return a time as seconds since 1970 UTC; NULL if it is no time. A timestamp without zone is UTC."""
    if value.kind is ColumnKind.TIMESTAMP:
        return dialect.epoch(dialect.utc_timestamp(expression, value.type))
    if value.kind is ColumnKind.DATE:
        return dialect.epoch(f"CAST({expression} AS {dialect.timestamp_type})")
    if value.kind is ColumnKind.TEXT:
        return dialect.epoch(dialect.try_cast(f"substr({expression}, 1, {_LENGTH})", dialect.timestamp_type))
    is_large = f"{expression} >= {_MILLISECONDS_FROM} OR {expression} <= {_MILLISECONDS_BEFORE}"
    return f"CASE WHEN {is_large} THEN {expression} / 1000 ELSE {expression} END"


def oldest_of(dialect: Dialect, times: str) -> str:
    """Return a query for the oldest time of a query for times `happened`, and the time now, in seconds since 1970."""
    oldest = f"min(CASE WHEN happened >= {_FIRST_TIME} AND happened < {_BEYOND_TIME} THEN happened END)"
    return f"SELECT {oldest}, {dialect.epoch(dialect.now())} FROM ({times}) t"
