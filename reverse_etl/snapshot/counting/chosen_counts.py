"""Counts the rows that a command chose by their keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reverse_etl.snapshot.counting.counts import DiffCounts
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.warehouses.base import Reader


@dataclass(frozen=True)
class ChosenCounts:
    """How many rows of the model have one of the keys, and the keys that no row has: no model row and no entry.

    Without `model_rows`, every row takes part.
    """

    model_rows: int | None = None
    unknown_keys: tuple[str, ...] = ()

    def applied_to(self, counts: DiffCounts) -> DiffCounts:
        """Return the counts of a comparison with only the chosen rows as unchanged ones.

        Lists of held rows, and notes of rows that came back, are about all rows. So they say nothing here.
        """
        if self.model_rows is None:
            return counts
        others = counts.model_rows - self.model_rows
        return replace(counts, unchanged=counts.unchanged - others, returned=0, listed_refused=0, listed_invalid=0)


def count_chosen(reader: Reader, diff: Diff) -> ChosenCounts:
    """Return the counts of the chosen rows."""
    if diff.chosen is None:
        return ChosenCounts()
    tests = [diff.chosen.has_any_key(), *(diff.chosen.has_key(key) for key in diff.chosen.keys)]
    (rows, *in_model), (_, *in_entries) = (_count(reader, query, tests) for query in diff.both_sides())
    found = zip(diff.chosen.keys, in_model, in_entries, strict=True)
    return ChosenCounts(rows, tuple(key for key, here, there in found if not here + there))


def _count(reader: Reader, query: str, tests: Sequence[str]) -> list[int]:
    sums = ", ".join(f"sum(CASE WHEN {test} THEN 1 ELSE 0 END)" for test in tests)
    [row] = reader.query(f"SELECT {sums} FROM ({query}) r")
    return [int(number or 0) for number in row]
