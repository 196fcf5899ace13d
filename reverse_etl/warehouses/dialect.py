"""What differs between the SQL of warehouses; a dialect returns text and runs nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from reverse_etl.warehouses.columns import Column, ColumnKind, StoredColumn

UNFOLDED = "[^\u0130\u212a]*"  # neither the dotted capital I nor the sign of the kelvin


class Dialect(ABC):
    """Pieces of SQL that differ between warehouses. All results are text; nothing here touches a connection."""

    name: ClassVar[str]
    text_type: ClassVar[str] = "VARCHAR"
    integer_type: ClassVar[str] = "BIGINT"
    timestamp_type: ClassVar[str] = "TIMESTAMP"
    boolean_type: ClassVar[str] = "BOOLEAN"
    single_type: ClassVar[str] = ""  # floats of 32 bits, in lower case, if columns can have them
    hash_type: ClassVar[str]
    union: ClassVar[str] = "UNION"  # of two queries, each row once
    merge_branches: ClassVar[bool] = False
    most_ranges: ClassVar[int] = 2_000  # of each fate that a statement may name
    writes_temporary: ClassVar[bool] = False  # what is read more than once, since no hint is obeyed
    inlined: ClassVar[str] = "NOT MATERIALIZED"  # hints for named subqueries
    materialized: ClassVar[str] = "MATERIALIZED"

    def quote(self, name: str) -> str:
        """Return any name as an identifier."""
        return '"' + name.replace('"', '""') + '"'

    def stored_column(self, column: Column) -> StoredColumn:
        """Return a column as our tables keep it: compared to the last bit, with any collation."""
        return StoredColumn(self.quote(column.name), column.type, column.kind is ColumnKind.JSON)

    def sendable_expression(self, column: Column) -> str:
        """What to write in the model for a column whose values cannot be sent, so that they can."""
        return f"CAST({self.quote(column.name)} AS {self.text_type})"

    def column_type(self, type_name: str) -> str:
        """A type as a column of our tables is declared with it."""
        return type_name

    def null(self, type_name: str) -> str:
        return f"CAST(NULL AS {type_name})"

    def literal(self, text: str) -> str:
        """Return any text as a literal."""
        return "'" + text.replace("'", "''") + "'"

    def as_text(self, expression: str) -> str:
        return f"CAST({expression} AS {self.text_type})"

    def digest(self, text: str) -> str:
        """A short text that stands for a long one; that one itself, if length is no matter."""
        return text

    def lower(self, text: str) -> str:
        """A text in lower case; as it is if that would make letters of ASCII out of others, and so another text."""
        return f"CASE WHEN {self.matches(text, UNFOLDED)} THEN lower({text}) ELSE {text} END"

    @abstractmethod
    def json_text(self, expression: str) -> str:
        """The text that a JSON value is, which is given as `stored_column` gives it; NULL if it is something else."""

    def differs(self, new: str, old: str, *, json: bool = False) -> str:
        """Whether two values of a column are different, NULLs included; `json`: they are JSON text."""
        del json
        return f"{new} IS DISTINCT FROM {old}"

    def concat_texts(self, texts: Sequence[str]) -> str:
        """Texts that are not NULL, one after the other."""
        return f"concat({', '.join(texts)})"

    def with_clause(self, queries: Sequence[tuple[str, str]], stored: Collection[str]) -> str:
        """Named queries before the one that reads them, each after those it reads; `stored` ones are computed once."""
        hints = {True: self.materialized, False: self.inlined}
        parts = ((name, hints[name in stored], query) for name, query in queries)
        return "WITH " + ", ".join(f"{name} AS {hint and f'{hint} '}({query})" for name, hint, query in parts)

    def temporary_name(self, title: str, beside: str) -> str:
        """Return the name of a temporary table. If it needs a schema, use the schema of a relation that can be read."""
        del beside
        return title

    def create_temporary(self, table: str, query: str) -> str:
        """Make a temporary table from a query: only this connection, or this job, sees it, and it ends with it."""
        return f"CREATE TEMP TABLE {table} AS {query}"

    def empty_query(self, columns: str) -> str:
        """A query without a row, of some columns."""
        return f"SELECT {columns} WHERE 1 = 0"

    def rows(self, alias: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """Return rows of expressions for a FROM clause. There is at least one row."""
        values = ", ".join(f"({', '.join(row)})" for row in rows)
        return f"(VALUES {values}) AS {alias} ({', '.join(columns)})"

    def in_subquery(self, columns: Sequence[str], source: str) -> str:
        """Return a condition: the columns of a row equal a row of `source`, which is `FROM …`."""
        listed = ", ".join(columns)
        return f"({listed}) IN (SELECT {listed} {source})"

    def table_options(self, column: str, *, passing: bool = False) -> str:
        """What follows a table of ours in CREATE TABLE: it is read by a column; a `passing` one ends with its run."""
        del column, passing
        return ""

    def add_columns(self, table: str, types: Mapping[str, str]) -> list[str]:
        """Statements that give a table of ours more columns."""
        return [f"ALTER TABLE {table} ADD COLUMN {name} {self.column_type(kind)}" for name, kind in types.items()]

    def retype(self, table: str, columns: Mapping[str, tuple[str, str]]) -> list[str]:
        """Statements that give columns of a table of ours, which is read by `identity`, other types.

        Each column comes with its type and its value, which may name any column as it was.
        """
        changes = (
            f"ALTER COLUMN {column} TYPE {self.column_type(kind)} USING {value}"
            for column, (kind, value) in columns.items()
        )
        return [f"ALTER TABLE {table} {', '.join(changes)}"] if columns else []

    @abstractmethod
    def row_hash(self, values: Sequence[tuple[str, str]]) -> str:
        """A 64-bit hash of values, each given as expression and type; never NULL.

        Equal values have equal hashes, and other values only by chance. A change that keeps the hash is not sent.
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
    def add_seconds(self, expression: str, seconds: float) -> str:
        """A timestamp moved by seconds, which may be negative."""

    @abstractmethod
    def epoch(self, expression: str) -> str:
        """A UTC timestamp as seconds since 1970, with fractions."""

    @abstractmethod
    def key_text(self, expressions: Sequence[str]) -> str:
        """Several values as one JSON array text."""

    def row_number(self) -> str:
        """Return the number of a row in its query, from 1, in any order."""
        return "row_number() OVER ()"

    def create_plan(self, table: str, query: str) -> str:
        """Make a table from a query that is dropped when its run has ended, and which other connections can read."""
        return f"CREATE TABLE {table}{self.table_options('ordinal', passing=True)} AS {query}"

    def merge(
        self, table: str, source: str, branches: Sequence[tuple[str, Mapping[str, str]]], inserts: Mapping[str, str]
    ) -> str:
        """Take the rows of a query `p` into a table of ours `s`; one that is there by the first branch that holds."""
        updates = "".join(
            f" WHEN MATCHED AND {test} THEN UPDATE SET {', '.join(f'{name} = {value}' for name, value in new.items())}"
            for test, new in branches
        )
        return (
            f"MERGE INTO {table} AS s USING ({source}) AS p ON s.identity = p.identity{updates}"
            f" WHEN NOT MATCHED THEN INSERT ({', '.join(inserts)}) VALUES ({', '.join(inserts.values())})"
        )
