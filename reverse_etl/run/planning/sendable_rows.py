"""Encodes rows as a run does before its first request, to find the ones that cannot be sent. Sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reverse_etl.delivery.batches.batch_cutter import largest_row
from reverse_etl.errors import OUT_OF_MEMORY, WarehouseError
from reverse_etl.run.planning.value_counts import ValueCounts, number_rows
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.window_reader import Window
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.warehouses.base import Reader

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_A_BATCH = 2000


@dataclass(frozen=True)
class SendableRows:
    """What encoding the planned rows showed: rows that cannot be sent, by the code of the reason.

    The other rows have `fields_sent` in bodies of `body_bytes`, and `fields_spared` that did not change and stay out.
    `names` counts these rows by their value in one column. It holds only so many names; `unnamed` counts the rest.
    """

    unsendable: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    unnamed: int = 0
    fields_sent: int = 0
    fields_spared: int = 0
    body_bytes: int = 0


def count_sendable(
    runnable: RunnableSync, diff: Diff, reader: Reader, name_column: str = "", rows: int = _ROWS_A_BATCH
) -> SendableRows:
    """Return what encoding the planned rows shows. `name_column` is the column whose values are counted, or empty.

    If memory is too small for batches of so many `rows`, they are made smaller.
    """
    try:
        return _count(runnable, reader.batches(reader.prepare(diff.sendable()), rows), name_column)
    except WarehouseError as error:
        smaller = error.code == OUT_OF_MEMORY and rows > 1
        easier = diff.easier(error.code) if diff.keeps_rows and not smaller else None
        if not smaller and easier is None:
            raise
    if easier is not None:
        return count_sendable(runnable, easier, reader, name_column, rows)
    return count_sendable(runnable, diff, reader, name_column, max(1, rows // 40))


def _count(runnable: RunnableSync, batches: Iterator[pa.RecordBatch], name_column: str) -> SendableRows:
    largest = largest_row(runnable.bound.operations.write)
    codes: Counter[str] = Counter()
    names = ValueCounts()
    sent = spared = body_bytes = 0
    for batch in batches:
        for portion in Window(0, batch.num_rows, (batch,)).portions():
            encoded = runnable.encoder.encode(number_rows(portion) if name_column else portion)
            codes.update(outcome.code for outcome in encoded.outcomes)
            fitting = [change for change in encoded.changes if len(change.body) + 1 <= largest]
            codes["row-too-large"] += len(encoded.changes) - len(fitting)
            sent += sum(change.fields_sent for change in fitting)
            spared += sum(change.fields_spared for change in fitting)
            body_bytes += sum(len(change.body) for change in fitting)
            if name_column:
                names.add(portion.column(name_column).take([change.ordinal for change in fitting]))
    return SendableRows(+codes, names.counts, names.others, sent, spared, body_bytes)
