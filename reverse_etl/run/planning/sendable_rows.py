"""Encodes rows as a run does before its first request, to find the ones that cannot be sent. Sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reverse_etl.delivery.batches import largest_row
from reverse_etl.errors import OUT_OF_MEMORY, WarehouseError
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.window_reader import Window
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.warehouses.base import Reader

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_A_BATCH = 2000


def count_unsendable(runnable: RunnableSync, diff: Diff, reader: Reader, rows: int = _ROWS_A_BATCH) -> Counter[str]:
    """Return the planned rows that cannot be sent, by the code of the reason.

    If memory is too small for batches of so many `rows`, they are made smaller.
    """
    try:
        return _counted(runnable, reader.batches(reader.prepare(diff.sendable()), rows))
    except WarehouseError as error:
        if error.code != OUT_OF_MEMORY or rows == 1:
            raise
    return count_unsendable(runnable, diff, reader, max(1, rows // 40))


def _counted(runnable: RunnableSync, batches: Iterator[pa.RecordBatch]) -> Counter[str]:
    largest = largest_row(runnable.bound.operations.write)
    codes: Counter[str] = Counter()
    for batch in batches:
        for portion in Window(0, batch.num_rows, (batch,)).portions():
            encoded = runnable.encoder.encode(portion)
            codes.update(outcome.code for outcome in encoded.outcomes)
            codes.update("row-too-large" for change in encoded.changes if len(change.body) + 1 > largest)
    return codes
