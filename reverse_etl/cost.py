"""Cost: what statements took from a warehouse, as far as it tells; knows neither SQL nor a sync."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import reduce


@dataclass(frozen=True, slots=True)
class Cost:
    """What some statements took. None: the warehouse tells nothing of it.

    `rows_read` came to this process, `rows_written` were written there. `seconds` are the warehouse's own where it
    tells them, else those that were waited for it. `credits` are Snowflake's, for its cloud services.
    """

    statements: int = 0
    rows_read: int = 0
    rows_written: int = 0
    seconds: float = 0.0
    bytes_processed: int | None = None
    bytes_billed: int | None = None
    credits: float | None = None

    def __add__(self, other: Cost) -> Cost:
        """What is told of either is told of both together."""
        pairs = ((getattr(self, item.name), getattr(other, item.name)) for item in fields(self))
        return Cost(*(one if two is None else two if one is None else one + two for one, two in pairs))


@dataclass(frozen=True, slots=True)
class StatementCost:
    """The cost of the statements of one step whose texts differ in numbers alone.

    `statement` is how they begin, and the table that they name first.
    """

    step: str
    statement: str
    cost: Cost


def total(costs: Iterable[Cost]) -> Cost:
    """All of them together."""
    return reduce(Cost.__add__, costs, Cost())
