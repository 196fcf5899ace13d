"""Copies columns of a model from the warehouse, as a stream, into a temporary DuckDB file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reverse_etl.warehouses.base import Reader
from reverse_etl.warehouses.columns import Column
from reverse_etl.warehouses.duckdb import DuckDB
from reverse_etl.warehouses.local.arrow_types import fitted, plain_schema
from reverse_etl.warehouses.local.dialect import fetched_name

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 10_000


class Fetching:
    """A folder that holds at most one model copy. `attached` is the file of the copy, for DuckDB to attach."""

    def __init__(self, source: Reader, make_file: Callable[[Path], DuckDB]) -> None:
        """`make_file` opens a DuckDB file for writing and creates it if needed."""
        self._source = source
        self._make_file = make_file
        self._folder: Path | None = None
        self._fetched = 0
        self.attached: list[Mapping[str, Any]] = []

    @property
    def folder(self) -> Path:
        """Return the folder, which only its owner can read."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="reverse_etl_"))
        return self._folder

    def schema(self, columns: Sequence[Column]) -> pa.Schema:
        """Return the Arrow types of columns, from a row of NULLs, so that no row of the model is read."""
        dialect = self._source.dialect
        nulls = [f"{dialect.null(dialect.stored_column(column).type)} AS c{n}" for n, column in enumerate(columns)]
        [batch] = self._source.batches(f"SELECT {', '.join(nulls)}", 1)
        return plain_schema(batch.schema)

    def fetch(self, relation: str, columns: Sequence[Column], most: int | None) -> str:
        """Copy columns of a relation and delete the last copy; return the table of the copy. Raises WarehouseError."""
        self.drop()
        self._fetched += 1
        path = self.folder / f"reverse_etl_model_{self._fetched}.duckdb"
        schema = self.schema(columns)
        file = self._make_file(path)
        try:
            table = file.table("main", "model")
            names = [fetched_name(column.name) for column in columns]
            types = dict(zip(names, file.types_of(schema), strict=True))
            file.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})")
            file.load(table, types, self._read(relation, columns, schema, most))
        finally:
            file.close()
            self._source.unlock()
        self.attached.append({"path": str(path), "alias": path.stem})
        return table

    def close(self) -> None:
        """Delete the folder. It is safe to close twice."""
        self.attached.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _read(
        self, relation: str, columns: Sequence[Column], schema: pa.Schema, most: int | None
    ) -> Iterator[pa.RecordBatch]:
        dialect = self._source.dialect
        listed = ", ".join(f"{dialect.stored_column(column).expression} AS c{n}" for n, column in enumerate(columns))
        limit = "" if most is None else f" LIMIT {int(most)}"
        batches = self._source.batches(f"SELECT {listed} FROM {relation}{limit}", _ROWS)
        return (fitted(batch, schema) for batch in batches)

    def drop(self) -> None:
        """Delete the copy, if there is one."""
        for entry in self.attached:
            Path(entry["path"]).unlink(missing_ok=True)
        self.attached.clear()
