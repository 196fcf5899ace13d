"""Reads the plan of a run in windows, in order. A window has a limit in bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reverse_etl.counting import plural, were
from reverse_etl.errors import OUT_OF_MEMORY, WarehouseError
from reverse_etl.snapshot.snapshot_store import SnapshotStore

if TYPE_CHECKING:
    import pyarrow as pa

# Rows of one Arrow batch: at first, and most.
_ROWS_A_BATCH = 2_000
_MOST_ROWS_A_BATCH = 10_000
# The target size of a batch in bytes, by the size of earlier rows.
_BATCH = 2_000_000
# The target size of a window in bytes, by the size of earlier rows. It ends at twice this size.
_BYTES = 16_000_000
# If memory is too small for this window, it is too small for the largest request.
_LEAST_BYTES = 4_000_000
# Rows are encoded in portions of about this many bytes.
_PORTION = 4_000_000


@dataclass(frozen=True)
class Window:
    """Rows of the plan from ordinal `start` up to, not including, `end`, as Arrow batches."""

    start: int
    end: int
    batches: tuple[pa.RecordBatch, ...]

    @property
    def size(self) -> int:
        """Return the bytes of its rows."""
        return sum(batch.nbytes for batch in self.batches)

    @property
    def rows(self) -> int:
        return self.end - self.start

    @property
    def is_one_portion(self) -> bool:
        """Return whether its rows are encoded at once."""
        return len(self.batches) == 1 and self.size <= _PORTION

    def portions(self) -> Iterator[pa.RecordBatch]:
        """Return the rows in order, a few megabytes at a time."""
        for batch in self.batches:
            rows = max(1, batch.num_rows * _PORTION // max(batch.nbytes, _PORTION))
            for start in range(0, batch.num_rows, rows):
                yield batch.slice(start, rows)


class WindowReader:
    """Reads one plan, a whole window at once, so that the warehouse is free while rows are sent."""

    def __init__(self, store: SnapshotStore, fence: int) -> None:
        """The plan of `fence` must be written."""
        self._store = store
        self._fence = fence
        self._bytes = _BYTES
        self._width = 0.0  # mean bytes a row of the last window

    def read(self, start: int, end: int) -> Window:
        """Return rows from `start`: up to `end`, or as many as fit, but at least one. Raises WarehouseError.

        If the warehouse has too little memory, half of them are read, and later windows are shorter.
        """
        if self._width:
            end = min(end, start + max(1, int(self._bytes / self._width)))
        window = self._read_halving(start, end)
        self._width = window.size / (window.end - window.start)
        return window

    def _batch_rows(self) -> int:
        fitting = int(_BATCH / self._width) if self._width else 0
        return min(max(fitting, _ROWS_A_BATCH), _MOST_ROWS_A_BATCH)

    def _read_halving(self, start: int, end: int) -> Window:
        try:
            return self._fill(start, end)
        except WarehouseError as error:
            if error.code != OUT_OF_MEMORY or end - start == 1:
                raise
        window = self._read_halving(start, start + (end - start) // 2)
        self._bytes = max(_LEAST_BYTES, min(self._bytes, window.size))
        return window

    def _fill(self, start: int, end: int) -> Window:
        batches: list[pa.RecordBatch] = []
        size = rows = 0
        for batch in self._store.planned(self._fence, start, end, min(self._batch_rows(), end - start)):
            batches.append(batch)
            size, rows = size + batch.nbytes, rows + batch.num_rows
            if size >= 2 * self._bytes:
                break
        last = batches[-1].column("ordinal")[-1].as_py() if rows else -1
        if last != start + rows - 1 or not (rows == end - start or size >= 2 * self._bytes):
            raise WarehouseError(
                "plan-read-short",
                f"the plan holds {plural(end - start, 'row')} from {start} on, and {rows} {were(rows)} read",
                context={"sync": self._store.sync.name, "fence": self._fence},
                hint="Run again: nothing is lost. If it happens again, report it.",
            )
        return Window(start, start + rows, tuple(batches))
