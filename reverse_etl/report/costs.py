"""What a run cost in its warehouse: as one line for people, and as values of the result file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from reverse_etl.cost import Cost, StatementCost, total
from reverse_etl.counting import plural
from reverse_etl.report.amounts import duration, size

_CENT = 0.01


def cost_line(cost: Cost, dollars: float | None = None) -> str:
    """Return `8 statements in 0.42 s, 12 rows read, 20.0 MB processed`; empty if no statement ran."""
    if not cost.statements:
        return ""
    said = [
        f"{plural(cost.statements, 'statement')} in {duration(cost.seconds)}",
        f"{plural(cost.rows_read, 'row')} read",
    ]
    if cost.bytes_processed is not None:
        said.append(f"{size(cost.bytes_processed)} processed")
    if cost.bytes_billed is not None:
        said.append(f"{size(cost.bytes_billed)} billed")
    if cost.credits is not None:
        said.append(f"{cost.credits:.6f} credits for cloud services")
    if dollars is not None:
        said.append(price(dollars))
    return ", ".join(said)


def price(dollars: float) -> str:
    """Return `about $0.10`."""
    return f"about ${dollars:,.2f}" if dollars >= _CENT else "less than $0.01"


def total_price(prices: Iterable[float | None]) -> float | None:
    """Return the sum of the prices that are known; None if none is."""
    known = [one for one in prices if one is not None]
    return sum(known) if known else None


def costs_dict(spent: Sequence[StatementCost], dollars: float | None = None) -> dict[str, object]:
    """Return the cost of one run as a whole, and below it of its statements."""
    whole = cost_dict(total(one.cost for one in spent))
    by_statement = [{"step": one.step, "statement": one.statement, **cost_dict(one.cost)} for one in spent]
    return {**whole, "dollars": dollars, "by_statement": by_statement}


def cost_dict(cost: Cost) -> dict[str, object]:
    """Return one cost; a figure that the warehouse does not report is null."""
    return {**asdict(cost), "seconds": round(cost.seconds, 3)}
