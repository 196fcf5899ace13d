"""The differences between the SQL of warehouses. A dialect returns text and runs nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from reverse_etl.warehouses.columns import Column, ColumnKind, StoredColumn

UNFOLDED = "[^\u0130\u212a]*"  # without the dotted capital I and the Kelvin sign, whose lower case is ASCII


class Dialect(ABC):
    """Pieces of SQL that differ between warehouses. All results are text; no method uses a connection."""

    name: ClassVar[str]
    text_type: ClassVar[str] = "VARCHAR"
    integer_type: ClassVar[str] = "BIGINT"
    timestamp_type: ClassVar[str] = "TIMESTAMP"
    boolean_type: ClassVar[str] = "BOOLEAN"
    single_type: ClassVar[str] = ""  # types of 32-bit floats, in lower case, if columns can have them
    hash_type: ClassVar[str]
    union: ClassVar[str] = "UNION"  # joins two queries and removes duplicate rows
    merge_branches: ClassVar[bool] = False
    most_ranges: ClassVar[int] = 2_000  # the most ranges of one outcome in a statement
    writes_temporary: ClassVar[bool] = False  # write queries that are read more than once to temporary tables
    keeps_temporary: bool = False  # statements until the end of the session can read a temporary table
    inlined: ClassVar[str] = "NOT MATERIALIZED"  # hints for named subqueries
    materialized: ClassVar[str] = "MATERIALIZED"

    def quote(self, name: str) -> str:
        """Return any name as an identifier."""
        return '"' + name.replace('"', '""') + '"'

    def stored_column(self, column: Column) -> StoredColumn:
        """Return a column as our tables keep it: compared to the last bit, with any collation."""
        return StoredColumn(self.quote(column.name), column.type, column.kind is ColumnKind.JSON)

    def sendable_expression(self, column: Column) -> str:
        """Return what to write in the model for a column whose values cannot be sent, so that they can be."""
        return f"CAST({self.quote(column.name)} AS {self.text_type})"

    def column_type(self, type_name: str) -> str:
        """Return the type that declares a column of our tables."""
        return type_name

    def null(self, type_name: str) -> str:
        return f"CAST(NULL AS {type_name})"

    def literal(self, text: str) -> str:
        """Return any text as a literal."""
        return "'" + text.replace("'", "''") + "'"

    def as_text(self, expression: str) -> str:
        return f"CAST({expression} AS {self.text_type})"

    def digest(self, text: str) -> str:
        """Return a short text in place of a long one; the same text if the warehouse does not mind its length."""
        return text

    def lower(self, text: str) -> str:
        """Return a text in lower case; unchanged if that would turn other letters into ASCII."""
        return f"CASE WHEN {self.matches(text, UNFOLDED)} THEN lower({text}) ELSE {text} END"

    @abstractmethod
    def json_text(self, expression: str) -> str:
        """Return the text in a JSON value of `stored_column`; NULL if the value is no text."""

    def differs(self, new: str, old: str, *, json: bool = False) -> str:
        """Return a test of whether two values of a column differ, NULLs included. `json`: they are JSON text."""
        del json
        return f"{new} IS DISTINCT FROM {old}"

    def concat_texts(self, texts: Sequence[str]) -> str:
        """Return the concatenation of texts that are not NULL."""
        return f"concat({', '.join(texts)})"

    def with_clause(self, queries: Sequence[tuple[str, str]], stored: Collection[str]) -> str:
        """Return named queries before the query that reads them, each after the queries that it reads.

        `stored` queries are computed once.
        """
        hints = {True: self.materialized, False: self.inlined}
        parts = ((name, hints[name in stored], query) for name, query in queries)
        return "WITH " + ", ".join(f"{name} AS {hint and f'{hint} '}({query})" for name, hint, query in parts)

    def temporary_name(self, title: str, beside: str) -> str:
        """Return the name of a temporary table. If it needs a schema, use the schema of a relation that can be read."""
        del beside
        return title

    def create_temporary(self, table: str, query: str) -> str:
        """Return SQL that creates a temporary table from a query.

        Only this connection or job sees it, while it lasts.
        """
        return f"CREATE TEMP TABLE {table} AS {query}"

    def empty_query(self, columns: str) -> str:
        """Return a query with these columns and no rows."""
        return f"SELECT {columns} WHERE 1 = 0"

    def rows(self, alias: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """Return rows of expressions for a FROM clause. There is at least one row."""
        values = ", ".join(f"({', '.join(row)})" for row in rows)
        return f"(VALUES {values}) AS {alias} ({', '.join(columns)})"

    def in_subquery(self, columns: Sequence[str], source: str) -> str:
        """Return a condition: the columns of a row equal a row of `source`, which is `FROM …`."""
        listed = ", ".join(columns)
        return f"({listed}) IN (SELECT {listed} {source})"

    def create_snapshot(self, table: str, columns: str, by: str) -> str:
        """Return SQL that creates a sync snapshot if it is missing, from declared columns; `by` is the one to read by.

        A sync snapshot is large, often rewritten, and can be made again by sending all rows again.
        """
        return f"CREATE TABLE IF NOT EXISTS {table} ({columns}){self.table_options(by)}"

    def table_options(self, column: str, *, passing: bool = False) -> str:
        """Return the end of a CREATE TABLE. `by` is the column to read by; a `passing` table ends with its run."""
        del column, passing
        return ""

    def add_columns(self, table: str, types: Mapping[str, str]) -> list[str]:
        """Return statements that add columns to one of our tables."""
        return [f"ALTER TABLE {table} ADD COLUMN {name} {self.column_type(kind)}" for name, kind in types.items()]

    def retype(self, table: str, columns: Mapping[str, tuple[str, str]]) -> list[str]:
        """Return statements that change the types of columns of one of our tables, which is read by `identity`.

        Each column comes with its type and its value, which may use the old value of any column.
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
        """Return a test of whether a whole text matches a regular expression."""

    @abstractmethod
    def try_cast(self, expression: str, type_name: str) -> str:
        """Return the value as another type; NULL if it cannot be converted."""

    @abstractmethod
    def now(self) -> str:
        """Return the warehouse's clock, as a UTC timestamp without zone."""

    @abstractmethod
    def add_seconds(self, expression: str, seconds: float) -> str:
        """Return a timestamp plus seconds, which may be negative."""

    def utc_timestamp(self, expression: str, type_name: str) -> str:
        """Return a value of a timestamp type for `epoch`: a time without zone is UTC."""
        del type_name
        return expression

    @abstractmethod
    def epoch(self, expression: str) -> str:
        """Return a UTC timestamp as seconds since 1970, with fractions."""

    @abstractmethod
    def key_text(self, expressions: Sequence[str]) -> str:
        """Return several values as the text of one JSON array."""

    def stored_bytes(self, relation: str) -> str:
        """Return a query for the stored bytes of a table; empty if no query knows them."""
        del relation
        return ""

    def row_number(self) -> str:
        """Return the number of a row in its query, from 1, in any order."""
        return "row_number() OVER ()"

    def create_plan(self, table: str, query: str) -> str:
        """Return SQL that creates a table from a query.

        Other connections can read it, and its run drops it at the end.
        """
        return f"CREATE TABLE {table}{self.table_options('ordinal', passing=True)} AS {query}"

    def merge(
        self, table: str, source: str, branches: Sequence[tuple[str, Mapping[str, str]]], inserts: Mapping[str, str]
    ) -> str:
        """Return SQL that merges the rows of a query `p` into our table `s`. The first branch that holds decides."""
        updates = "".join(
            f" WHEN MATCHED AND {test} THEN UPDATE SET {', '.join(f'{name} = {value}' for name, value in new.items())}"
            for test, new in branches
        )
        return (
            f"MERGE INTO {table} AS s USING ({source}) AS p ON s.identity = p.identity{updates}"
            f" WHEN NOT MATCHED THEN INSERT ({', '.join(inserts)}) VALUES ({', '.join(inserts.values())})"
        )

    def append(self, table: str, source: str, inserts: Mapping[str, str]) -> str:
        """Return SQL that adds the rows of a query `p` to our table if it has no rows; empty if only a merge is safe.

        The test is in the statement, so that two runs that repeat it cannot both add the rows.
        """
        del table, source, inserts
        return ""


def insert_if_empty(table: str, source: str, inserts: Mapping[str, str]) -> str:
    """Return the statement of `Dialect.append` for a warehouse where an INSERT is as safe as a merge."""
    return (
        f"INSERT INTO {table} ({', '.join(inserts)}) SELECT {', '.join(inserts.values())} FROM ({source}) AS p"
        f" WHERE NOT EXISTS (SELECT 1 FROM {table})"
    )
