"""Counts the values of one column of the planned rows, batch by batch."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# So many values are counted apart, so that a column of unique values needs no more memory.
_MOST_VALUES = 1_000


class ValueCounts:
    """Rows by their value as text; `others` are the rows whose values came when there were too many."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self.counts: Counter[str] = Counter()
        self.others = 0

    def add(self, column: pa.Array) -> None:
        """Count the values of one batch."""
        for entry in column.value_counts().to_pylist():
            value, count = str(entry["values"]), int(entry["counts"])
            if value in self.counts or len(self.counts) < _MOST_VALUES:
                self.counts[value] += count
            else:
                self.others += count


def number_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch with the positions of its rows as ordinals: a plan that was not written has none."""
    import pyarrow as pa

    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    return pa.RecordBatch.from_pydict({**columns, "ordinal": pa.array(range(batch.num_rows), pa.int64())})
