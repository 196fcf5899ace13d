"""Counts what differs between a model and its sync snapshot, by the cheapest means that the warehouse allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reverse_etl.errors import WarehouseError
from reverse_etl.snapshot.counting.counted_rows import read_counts
from reverse_etl.snapshot.counting.counts import DiffCounts
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.warehouses.base import Reader, ResultRow
from reverse_etl.warehouses.statements import Statements

# A comparison keeps the rows that may differ if they are at most so many, or at most one row in so many.
_MOST_KEPT, _KEPT_SHARE = 10_000, 10


def count_differences(reader: Reader, diff: Diff) -> tuple[Diff, DiffCounts]:
    """Return the comparison that memory and rights allowed, and its counts. What an earlier one kept is not used."""
    diff = replace(diff, keeps_rows=False)
    try:
        if diff.can_be_kept:
            return _look(reader, diff)
        return diff, _counts_of(diff, _ask(reader, diff.counts()))
    except WarehouseError as error:
        easier = diff.easier(error.code)
        if easier is None:
            raise
    return count_differences(reader, easier)


def _look(reader: Reader, diff: Diff) -> tuple[Diff, DiffCounts]:
    """Compare identities and hashes first, and values only of rows that may differ. Keep these rows for the plan.

    If very many rows may differ, it costs less to compare again than to keep them.
    """
    kept = replace(diff, keeps_rows=True)
    [(candidates, *totals)] = _ask(reader, kept.narrow_counts())
    if candidates > max(_MOST_KEPT, int(totals[0]) // _KEPT_SHARE):
        return count_differences(reader, replace(diff, thorough=True))
    kinds = _ask(reader, kept.row_counts()) if candidates else []
    return (kept if candidates else diff), _counts_of(diff, [*kinds, kept.total_row(totals)])


def _counts_of(diff: Diff, rows: Sequence[ResultRow]) -> DiffCounts:
    return read_counts(rows, diff.layout.values)


def _ask(reader: Reader, statements: Statements) -> list[ResultRow]:
    return reader.query(reader.prepare(statements))
