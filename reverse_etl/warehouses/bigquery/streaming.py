"""Reads the rows of a job as Arrow batches: through the Storage Read API if possible, otherwise in pages."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

from reverse_etl.warehouses.bigquery.jobs import StatementRefused, translated

if TYPE_CHECKING:
    import pyarrow as pa


class Stream:
    """Reads results. After the Storage Read API refuses once, it is not asked again."""

    def __init__(self, storage: Callable[[], Any | None]) -> None:
        """`storage` returns a client of the Storage Read API when it is first needed, or None if there is none."""
        self._make = storage
        self._created = False
        self._storage: Any | None = None

    @property
    def storage(self) -> Any | None:
        """Return the client of the Storage Read API."""
        if not self._created:
            self._storage, self._created = self._make(), True
        return self._storage

    def read(self, again: Callable[[], Any], size: int) -> Generator[pa.RecordBatch, None, None]:
        """Yield batches of at most `size` rows.

        `again` returns the driver's rows from the first on. Raises StatementRefused.
        """
        storage = self.storage
        if storage is not None:
            # A read session with only one stream keeps the order of the rows.
            batches = again().to_arrow_iterable(bqstorage_client=storage, max_queue_size=1, max_stream_count=1)
            try:
                first = translated(lambda: next(batches, None))
            except StatementRefused:
                self._storage = None
            else:
                if first is not None:
                    yield from _cut(first, size)
                    yield from _rest(batches, size)
                return
        yield from _rest(again().to_arrow_iterable(), size)

    def close(self) -> None:
        """Close the connection of the Storage Read API, if there is one."""
        storage, self._storage, self._created = self._storage, None, False
        if storage is not None:
            storage.transport.close()


def _rest(batches: Iterator[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    while (batch := translated(lambda: next(batches, None))) is not None:
        yield from _cut(batch, size)


def _cut(batch: pa.RecordBatch, size: int) -> Iterator[pa.RecordBatch]:
    return (batch.slice(start, size) for start in range(0, batch.num_rows, size))
