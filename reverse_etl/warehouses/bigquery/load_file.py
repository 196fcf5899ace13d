"""Rows on their way into a table of ours: texts in a file, as a load job takes them; knows no connection."""

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
    """A Parquet file of texts, gone at the end: what each means is said by the cast that reads it, and by no reader."""
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
