"""Writes rows for one of our tables to a file of texts for a load job. Opens no connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from reverse_etl.warehouses.insert_statements import texts_of

if TYPE_CHECKING:
    import pyarrow as pa


@contextmanager
def written(names: Sequence[str], batches: Iterable[pa.RecordBatch]) -> Iterator[IO[bytes]]:
    """Yield a Parquet file of texts, which is deleted afterwards. Only the cast that reads a text gives it a type."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    with TemporaryFile() as file:
        with parquet.ParquetWriter(file, schema) as writer:
            for batch in batches:
                columns = [pa.array(texts_of(column), pa.string()) for column in batch.columns]
                writer.write_batch(pa.record_batch(columns, schema=schema))
        file.seek(0)
        yield file
