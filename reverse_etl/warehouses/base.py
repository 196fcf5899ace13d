"""What every warehouse must do: read relations, run statements, load rows. Knows no syncs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reverse_etl.cost import StatementCost
from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.columns import Column
from reverse_etl.warehouses.dialect import Dialect
from reverse_etl.warehouses.insert_statements import insert_statements
from reverse_etl.warehouses.read_estimate import ReadEstimate
from reverse_etl.warehouses.session import SessionScope
from reverse_etl.warehouses.statement_meter import StatementMeter
from reverse_etl.warehouses.statements import Statements
from reverse_etl.warehouses.table_version import TableVersion

if TYPE_CHECKING:
    import pyarrow as pa

ResultRow = tuple[Any, ...]


@dataclass(frozen=True)
class WaitPolicy:
    """How an adapter waits: at most this many seconds, with this clock and sleep."""

    seconds: float
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


class Reader(SessionScope, ABC):
    """A warehouse that can only be read."""

    dialect: Dialect
    meter: StatementMeter
    copies_models = False  # whether a comparison reads a copy of the whole model

    def with_mark(self, sql: str) -> str:
        """Return a statement with its mark as a comment."""
        return f"{self.mark} {sql}"

    @abstractmethod
    def table(self, schema: str, name: str) -> str:
        """Return the quoted, qualified name of one of our tables in the target database."""

    @abstractmethod
    def columns(self, relation: str) -> tuple[Column, ...] | None:
        """Return the columns of a relation in order, or None if the relation does not exist."""

    def table_version(self, relation: str) -> TableVersion | None:
        """Return the version of a base table without reading its rows.

        None if no version can be trusted: of a view or a table of another kind, or in this warehouse at all.
        """
        del relation
        return None

    def access_hint(self, relation: str) -> str:
        """Return what to do if a relation exists and is not visible; empty if `columns` reports that itself."""
        return relation and ""

    def prepare(self, steps: Statements) -> str:
        """Run all but the last of some steps and return the rest, or return all steps as one text."""
        return str(steps)

    @abstractmethod
    def query(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        """Return all rows of a small result."""

    @abstractmethod
    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield a large result as Arrow batches of about `rows` rows. It is never in memory as a whole."""

    def model_table(self, relation: str, columns: Sequence[str], most: int | None = None) -> str:
        """Return what to read some columns of a model from, in this dialect: the relation itself, or a copy of it.

        A copy has at least the first `most` rows. It stays until the session ends or the next copy is made.
        """
        del columns, most
        return relation

    def costs(self, sync: str) -> tuple[StatementCost, ...]:
        """Return what the statements of a sync cost so far, without costs that the warehouse does not report."""
        return self.meter.costs(sync)

    def estimate_read(self, sql: str, tables: Sequence[str]) -> ReadEstimate:
        """Return what a query would read, without running it. `tables` are the relations that it reads."""
        del sql
        sizes = [self.table_bytes(table) for table in tables]
        known = [size for size in sizes if size is not None]
        return ReadEstimate("size of its tables", sum(known) if len(known) == len(sizes) else None)

    def table_bytes(self, relation: str) -> int | None:
        """Return the stored bytes of a table; None if that is not known, for example for a view."""
        size = self.dialect.stored_bytes(relation)
        with suppress(WarehouseError):
            return next((int(found) for (found,) in (self.query(size) if size else ()) if found is not None), None)
        return None

    @abstractmethod
    def close(self) -> None:
        """Close the connection. It is safe to close twice."""


class Warehouse(Reader):
    """A warehouse that can be written. An `exclusive` one is a file that one process locks until it unlocks it."""

    exclusive = False

    def free_memory(self) -> None:
        """Free the memory of this process that earlier statements still use, if any."""

    @abstractmethod
    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run one statement, which succeeds or fails as a whole. Return the number of rows that it changed."""

    def load(self, table: str, types: Mapping[str, str], batches: Iterable[pa.RecordBatch]) -> int:
        """Add rows to one of our tables. `types` are its columns in order. Return the number of rows.

        The caller compares the loaded rows, since a value that does not fit is not stored unchanged.
        """
        loaded = 0
        for statement, count in insert_statements(self.dialect, table, types, batches):
            self.execute(statement)
            loaded += count
        return loaded

    @abstractmethod
    def create_schema(self, schema: str) -> None:
        """Create the schema of our tables if it is missing. Raises WarehouseError that prints the statement to run."""
