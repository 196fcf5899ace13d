"""What statements cost in a warehouse, as far as it reports it; knows neither SQL nor a sync."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import reduce

_TIB = 1 << 40


@dataclass(frozen=True, slots=True)
class Cost:
    """What some statements cost. None: the warehouse does not report it.

    `rows_read` came to this process, `rows_written` were written in the warehouse. `seconds` is the time that the
    warehouse reports, or else the time spent waiting for it. `credits` are Snowflake's, for its cloud services.
    """

    statements: int = 0
    rows_read: int = 0
    rows_written: int = 0
    seconds: float = 0.0
    bytes_processed: int | None = None
    bytes_billed: int | None = None
    credits: float | None = None

    def __add__(self, other: Cost) -> Cost:
        """Add both. An amount that only one of them reports is kept."""
        pairs = ((getattr(self, item.name), getattr(other, item.name)) for item in fields(self))
        return Cost(*(one if two is None else two if one is None else one + two for one, two in pairs))


@dataclass(frozen=True, slots=True)
class StatementCost:
    """The cost of similar statements of one step: their texts differ only in numbers.

    `statement` is their first words and the first table that they name.
    """

    step: str
    statement: str
    cost: Cost


@dataclass(frozen=True)
class CostEstimate:
    """What one comparison would read and cost. `comparison` is `full` or `quick`; `basis` says how that is known.

    None: not known. `dollars` follow from the prices in the settings.
    """

    comparison: str
    basis: str
    bytes_read: int | None = None
    bytes_billed: int | None = None
    credits: float | None = None
    dollars: float | None = None


def price_of_bytes(billed: int | None, dollars_a_tib: float) -> float | None:
    """Return the price of billed bytes in dollars; None if the warehouse does not bill bytes."""
    return None if billed is None else billed * dollars_a_tib / _TIB


def total(costs: Iterable[Cost]) -> Cost:
    """Return the sum of the costs."""
    return reduce(Cost.__add__, costs, Cost())
