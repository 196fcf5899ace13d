"""What a comparison would cost, in words."""

from __future__ import annotations

from collections.abc import Sequence

from reverse_etl.cost import CostEstimate
from reverse_etl.report.amounts import size
from reverse_etl.report.costs import price


def cost_entries(estimates: Sequence[CostEstimate]) -> list[tuple[str, str]]:
    """Return one line for each comparison."""
    return [(f"{one.comparison} cost", _sentence(one)) for one in estimates]


def _sentence(one: CostEstimate) -> str:
    if one.bytes_read is None:
        return f"not known ({one.basis})"
    said = [f"the comparison reads {size(one.bytes_read)}"]
    said += [f"{size(one.bytes_billed)} billed"] if one.bytes_billed is not None else []
    said += [f"about {one.credits:.4f} credits"] if one.credits is not None else []
    said += [price(one.dollars)] if one.dollars is not None else []
    return f"{', '.join(said)} ({one.basis})"
