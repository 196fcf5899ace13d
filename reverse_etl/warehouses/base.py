"""What every warehouse must do: a dialect gives words of SQL, a warehouse runs them; neither knows what a sync is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pyarrow as pa

Row = tuple[Any, ...]


class ColumnKind(str, Enum):
    """What a column's values are, whatever the warehouse calls the type."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    UUID = "uuid"
    JSON = "json"
    ARRAY = "array"
    OBJECT = "object"
    BINARY = "binary"
    INTERVAL = "interval"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation: its name as stored, the warehouse's own type, and what that type holds.

    `element` is the kind of an array's elements.
    """

    name: str
    type: str
    kind: ColumnKind
    element: ColumnKind | None = None


@dataclass(frozen=True)
class Patience:
    """How an adapter waits: seconds at most, and the clock and sleep to do it with."""

    seconds: float
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


class Dialect(ABC):
    """Pieces of SQL that differ between warehouses. All results are text; nothing here touches a connection."""

    name: ClassVar[str]
    text_type: ClassVar[str] = "VARCHAR"
    integer_type: ClassVar[str] = "BIGINT"
    timestamp_type: ClassVar[str] = "TIMESTAMP"
    boolean_type: ClassVar[str] = "BOOLEAN"
    hash_type: ClassVar[str]
    # How a named subquery is kept from, or brought to, being computed once and stored.
    inlined: ClassVar[str] = "NOT MATERIALIZED"
    materialized: ClassVar[str] = "MATERIALIZED"

    def quote(self, name: str) -> str:
        """A name as an identifier, whatever it holds."""
        return '"' + name.replace('"', '""') + '"'

    def exact(self, column: Column) -> str:
        """A column, compared to the last bit whatever its collation."""
        return self.quote(column.name)

    def literal(self, text: str) -> str:
        """A text as a literal, whatever it holds."""
        return "'" + text.replace("'", "''") + "'"

    def as_text(self, expression: str) -> str:
        return f"CAST({expression} AS {self.text_type})"

    @abstractmethod
    def row_hash(self, values: Sequence[tuple[str, str]]) -> str:
        """A 64-bit hash of values, each given as expression and type; never NULL.

        Equal values have equal hashes, and others by chance alone: what the hash does not tell apart is not sent.
        """

    @abstractmethod
    def matches(self, expression: str, pattern: str) -> str:
        """Whether a text matches a regular expression from its first to its last character."""

    @abstractmethod
    def try_cast(self, expression: str, type_name: str) -> str:
        """The value as another type, NULL where it cannot be."""

    @abstractmethod
    def now(self) -> str:
        """The warehouse's clock, as a UTC timestamp without zone."""

    @abstractmethod
    def later(self, expression: str, seconds: float) -> str:
        """A timestamp moved by seconds, which may be negative."""

    @abstractmethod
    def epoch(self, expression: str) -> str:
        """A UTC timestamp as seconds since 1970, with fractions."""

    @abstractmethod
    def key_text(self, expressions: Sequence[str]) -> str:
        """Several values as one JSON array text."""

    def comparable(self, expression: str, kind: ColumnKind) -> str:
        """The value in a form that IS DISTINCT FROM can compare; `kind` says what it is."""
        del kind
        return expression


class Reader(ABC):
    """A warehouse that can only be looked at."""

    dialect: Dialect

    @abstractmethod
    def table(self, schema: str, name: str) -> str:
        """The quoted, qualified name of a table of ours in the target database."""

    @abstractmethod
    def columns(self, relation: str) -> tuple[Column, ...] | None:
        """Columns of a relation in their order; None where there is no such relation."""

    @abstractmethod
    def query(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """All rows of a small result."""

    @abstractmethod
    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """A large result as Arrow batches of about `rows` rows, never held as a whole."""

    @abstractmethod
    def release(self) -> None:
        """Let go of whatever keeps others out while nothing is read or written; the next call takes it again."""

    @abstractmethod
    def close(self) -> None:
        """End the connection. Closing twice is harmless."""


class Warehouse(Reader):
    """A warehouse that can be written."""

    @abstractmethod
    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run one statement, which holds or fails as a whole, and return the number of rows it touched."""

    @abstractmethod
    def create_schema(self, schema: str) -> None:
        """Make the schema of our tables where it is missing. Raises WarehouseError that prints the statement to run."""
