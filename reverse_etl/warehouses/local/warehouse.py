"""Keeps our tables in a DuckDB file, and reads the models from a warehouse that is only read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from reverse_etl.cost import StatementCost
from reverse_etl.errors import ConfigError
from reverse_etl.warehouses.base import Reader, ResultRow, WaitPolicy, Warehouse
from reverse_etl.warehouses.columns import Column
from reverse_etl.warehouses.duckdb import DuckDB, options_of
from reverse_etl.warehouses.local.arrow_types import fitted, plain_schema
from reverse_etl.warehouses.local.dialect import LocalDialect
from reverse_etl.warehouses.local.model_copy import Fetching
from reverse_etl.warehouses.mark import Mark
from reverse_etl.warehouses.table_version import TableVersion

if TYPE_CHECKING:
    import pyarrow as pa
    from typing_extensions import Self


class LocalState(Warehouse):
    """A warehouse in two places: models are read from the warehouse, everything else is in the file.

    A model is read from the copy that `model_table` makes.
    """

    exclusive = True
    copies_models = True

    def __init__(self, source: Reader, state: DuckDB, fetching: Fetching) -> None:
        """`state` attaches what `fetching` copied from `source`."""
        self._there: dict[Column, Column] = {}
        self.dialect = LocalDialect(source.dialect, self._there)
        self.meter = source.meter
        self._source = source
        self._state = state
        self._fetching = fetching
        self._ours: set[str] = set()
        self._models: dict[str, Mapping[str, Column]] = {}

    def costs(self, sync: str) -> tuple[StatementCost, ...]:
        """Return the costs in the warehouse: the file costs nothing."""
        return self._source.costs(sync)

    @property
    def mark(self) -> Mark:
        return self._state.mark

    @contextmanager
    def session(self, mark: Mark) -> Iterator[Self]:
        """Mark one piece of work; at its end the copy of the model is deleted."""
        try:
            with self._source.session(mark), self._state.session(mark):
                yield self
        finally:
            self._fetching.drop()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        with self._source.step(name), self._state.step(name):
            yield

    @contextmanager
    def idle(self) -> Iterator[None]:
        with self._source.idle(), self._state.idle():
            yield

    def unlock(self) -> None:
        self._state.unlock()
        self._source.unlock()

    def free_memory(self) -> None:
        self._state.free_memory()

    def table(self, schema: str, name: str) -> str:
        table = self._state.table(schema, name)
        self._ours.add(table)
        return table

    def columns(self, relation: str) -> tuple[Column, ...] | None:
        """Return a model's columns: kinds from the warehouse, types of the values in the file."""
        if relation in self._ours:
            return self._state.columns(relation)
        found = self._source.columns(relation)
        if found is None:
            return None
        self._models[relation] = {column.name: column for column in found}
        types = self._state.types_of(self._fetching.schema(found))
        columns = {replace(column, type=kind): column for column, kind in zip(found, types, strict=True)}
        self._there |= columns
        return tuple(columns)

    def table_version(self, relation: str) -> TableVersion | None:
        """Return the version of a model in the warehouse."""
        return self._source.table_version(relation)

    def access_hint(self, relation: str) -> str:
        return self._source.access_hint(relation)

    def model_table(self, relation: str, columns: Sequence[str], most: int | None = None) -> str:
        """Return the copy of a model, in a separate file that our tables' file attaches when it is opened again."""
        self._state.unlock()
        known = self._models[relation]
        return self._fetching.fetch(relation, [known[name] for name in columns], most)

    def query(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        return self._state.query(sql, params)

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        return self._state.execute(sql, params)

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        return self._state.batches(sql, rows)

    def load(self, table: str, types: Mapping[str, str], batches: Iterable[pa.RecordBatch]) -> int:
        """Load with the types of copied models, so that the values can be compared."""
        return self._state.load(table, types, (fitted(batch, plain_schema(batch.schema)) for batch in batches))

    def table_bytes(self, relation: str) -> int | None:
        return (self._state if relation in self._ours else self._source).table_bytes(relation)

    def create_schema(self, schema: str) -> None:
        self._state.create_schema(schema)

    def close(self) -> None:
        self._state.close()
        self._source.close()
        self._fetching.close()


def open_local(path: Path, source: Reader, memory_limit: str, wait: WaitPolicy, *, read_only: bool) -> LocalState:
    """Open the state in the file at `path`, and create the file if it is missing.

    With `read_only` a missing file stays missing, and the state is empty. Raises ConfigError if DuckDB is not
    installed.
    """
    if find_spec("duckdb") is None:
        raise ConfigError(
            "missing-extra",
            "`state: local` keeps the sync snapshot in a DuckDB file, but DuckDB is not installed",
            context={"missing": "duckdb", "state_path": path},
            hint='Install it: pip install "reverse-etl[duckdb]"',
        )
    writing = options_of(memory_limit, read_only=False)
    fetching = Fetching(source, lambda where: DuckDB(str(where), writing, wait, make=True))
    if read_only and not path.is_file():
        path, read_only = fetching.folder / path.name, False
    options = options_of(memory_limit, read_only=read_only)
    state = DuckDB(str(path), options, wait, fetching.attached, make=not read_only)
    return LocalState(source, state, fetching)
