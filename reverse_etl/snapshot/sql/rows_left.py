"""Builds SQL that saves in the sync snapshot which rows left the model, so that each is counted once. Runs nothing.

The entry keeps its values, to compare them if the row comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reverse_etl.snapshot.counting.counts import DiffCounts
from reverse_etl.snapshot.tables import LEFT_AT, Tables
from reverse_etl.warehouses.dialect import Dialect

# Kinds of plan rows that are not sent: they left the model, or came back after that was saved.
LEFT, RETURNED = "left", "returned"


def note_rows_left(dialect: Dialect, tables: Tables, plan: str, fence: int) -> list[str]:
    """Return SQL that saves which rows of a plan left or came back. It claims nothing about the destination."""
    notes = {LEFT: dialect.now(), RETURNED: "NULL"}
    return [
        f"UPDATE {tables.snapshot} SET {LEFT_AT} = {value} WHERE fence <= {int(fence)}"
        f" AND identity IN (SELECT identity FROM {plan} WHERE kind = '{kind}')"
        for kind, value in notes.items()
    ]


def planned_counts(counts: DiffCounts, rows: Mapping[str, int], *, acts: bool) -> DiffCounts:
    """Return the counts with rows that left or came back, taken from the rows of the plan by kind."""
    removed = counts.removed if acts else rows.get(LEFT, 0)
    return replace(counts, removed=removed, returned=rows.get(RETURNED, 0))


def sent_rows(rows: Mapping[str, int]) -> dict[str, int]:
    """Return the rows of a plan by kind, without rows that are not sent."""
    return {kind: count for kind, count in rows.items() if kind not in (LEFT, RETURNED)}
