"""Asks the destination and encodes rows, as a run does before its first request. Creates nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reverse_etl.delivery.batches import largest_row
from reverse_etl.destinations.request import ApiCaller, Reply, Request
from reverse_etl.errors import OUT_OF_MEMORY, WarehouseError
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.window_reader import Window
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.warehouses.base import Reader

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_A_BATCH = 2000


class _WouldCreateError(Exception):
    """A run would create something in the destination here."""


@dataclass(frozen=True)
class _ReadOnlyCaller:
    """Makes only calls that change nothing."""

    caller: ApiCaller

    def ask(self, request: Request, *, once: bool = False, settled: Callable[[Reply], bool] = lambda _: True) -> Reply:
        if request.endpoint.method != "GET":
            raise _WouldCreateError
        return self.caller.ask(request, once=once, settled=settled)


def connect_read_only(runnable: RunnableSync, asker: ApiCaller) -> tuple[RunnableSync, Sequence[str]]:
    """Return the sync with the destination's answers, and warnings. Raises DestinationError if the run would fail.

    If the run would create something first, such as a list, the sync stays as it is, and a warning says so.
    """
    try:
        bound = runnable.bound.connect(runnable.context, _ReadOnlyCaller(asker))
    except _WouldCreateError:
        found = runnable.bound.inspect(runnable.context, _ReadOnlyCaller(asker))
        return runnable, (*found.notes, *found.warnings)
    return runnable.connected(bound), bound.warnings


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
