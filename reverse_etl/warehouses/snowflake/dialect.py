"""Snowflake's SQL. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from reverse_etl.warehouses.columns import Column, ColumnKind, StoredColumn
from reverse_etl.warehouses.dialect import Dialect
from reverse_etl.warehouses.snowflake import identifiers as names
from reverse_etl.warehouses.snowflake.identifiers import folded, quoted
from reverse_etl.warehouses.snowflake.types import TEXT, stored_column

_EXACT = "COLLATE ''"
# Days of Time Travel: the most that a transient table can have.
_RETENTION = "DATA_RETENTION_TIME_IN_DAYS = 1"
# The same setting, for a table whose columns come from a query.
_ALL_EXACT = "DEFAULT_DDL_COLLATION = ''"


class SnowflakeDialect(Dialect):
    """Snowflake's SQL. Our names are written without quotes, so they are stored in upper case, like dbt's."""

    name: ClassVar[str] = "snowflake"
    text_type: ClassVar[str] = TEXT
    integer_type: ClassVar[str] = "NUMBER(38,0)"
    timestamp_type: ClassVar[str] = "TIMESTAMP_NTZ(9)"
    hash_type: ClassVar[str] = "NUMBER(19,0)"
    # Only the optimizer decides whether a named query is computed once.
    writes_temporary: ClassVar[bool] = True
    keeps_temporary = True
    inlined: ClassVar[str] = ""
    materialized: ClassVar[str] = ""

    def __init__(self, session: str = "") -> None:
        """`session` is in the name of each temporary table, so that it hides no other table."""
        self._session = session

    def quote(self, name: str) -> str:
        return quoted(folded(name))

    def stored_column(self, column: Column) -> StoredColumn:
        return stored_column(column, self.quote(column.name))

    def sendable_expression(self, column: Column) -> str:
        """Return the SQL to write. Elements of an untyped array are sent as JSON; a file is identified by its path."""
        name = self.quote(column.name)
        if column.kind is ColumnKind.ARRAY:
            return f"CAST({name} AS ARRAY)"
        if column.kind is ColumnKind.BINARY:
            return f"HEX_ENCODE({name})"
        return f"FL_GET_RELATIVE_PATH({name})" if column.type == "FILE" else f"CAST({name} AS {TEXT})"

    def column_type(self, type_name: str) -> str:
        """Return the type without a collation, with any default: docs.snowflake.com/en/sql-reference/collation."""
        return f"{type_name} {_EXACT}" if type_name == TEXT else type_name

    def literal(self, text: str) -> str:
        """Escape backslashes, which have a meaning in Snowflake's literals."""
        return super().literal(text.replace("\\", "\\\\"))

    def differs(self, new: str, old: str, *, json: bool = False) -> str:
        """Compare JSON after a new parse and write, because the order of an object's keys in a text can differ.

        docs.snowflake.com/en/sql-reference/functions/to_json. Text that cannot be parsed is compared unchanged.
        """
        distinct = super().differs(new, old)
        if not json:
            return distinct
        same = " = ".join(f"TO_JSON(TRY_PARSE_JSON({text}))" for text in (new, old))
        return f"{distinct} AND NOT coalesce({same}, FALSE)"

    def row_hash(self, values: Sequence[tuple[str, str]]) -> str:
        return f"HASH({', '.join(expression for expression, _ in values) or '0'})"

    def json_text(self, expression: str) -> str:
        inside = f"JSON_EXTRACT_PATH_TEXT('{{\"a\":' || {expression} || '}}', 'a')"
        return f"CASE WHEN {expression} LIKE '\"%' THEN {inside} END"

    def matches(self, expression: str, pattern: str) -> str:
        return f"REGEXP_LIKE({expression}, {self.literal(pattern)})"

    def try_cast(self, expression: str, type_name: str) -> str:
        """Use another function for binary values, which TRY_CAST cannot convert."""
        if type_name.startswith("BINARY"):
            return f"TRY_TO_BINARY({expression}, 'HEX')"
        return f"TRY_CAST({expression} AS {type_name})"

    def now(self) -> str:
        """Return the clock, which stays the same during a statement."""
        return "CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))"

    def add_seconds(self, expression: str, seconds: float) -> str:
        return f"DATEADD(MICROSECOND, {round(seconds * 1_000_000)}, {expression})"

    def epoch(self, expression: str) -> str:
        return f"(DATE_PART(EPOCH_MICROSECOND, {expression}) / 1000000)"

    def key_text(self, expressions: Sequence[str]) -> str:
        return f"TO_JSON(ARRAY_CONSTRUCT({', '.join(self.as_text(item) for item in expressions)}))"

    def row_number(self) -> str:
        """Add an order, which the window needs; this one does not sort."""
        return "row_number() OVER (ORDER BY NULL)"

    def temporary_name(self, title: str, beside: str) -> str:
        """Return a name in the schema of the model, because USAGE of it is enough.

        docs.snowflake.com/en/user-guide/security-access-control-privileges: CREATE TABLE is not needed for it.
        """
        return names.beside(beside, f"reverse_etl_{self._session}_{title}")

    def create_temporary(self, table: str, query: str) -> str:
        """Replace the table of an earlier comparison, which would last as long as the connection."""
        made = f"CREATE OR REPLACE TEMPORARY TABLE {table} DATA_RETENTION_TIME_IN_DAYS = 0 {_ALL_EXACT}"
        return f"{made} AS {query}"

    def create_snapshot(self, table: str, columns: str, by: str) -> str:
        """Keep no copies for Fail-safe: each merge rewrites much of the table, and copies stay for eight days.

        A permanent table of an earlier version stays permanent until its columns get other types.
        docs.snowflake.com/en/user-guide/tables-temp-transient
        """
        return f"CREATE TRANSIENT TABLE IF NOT EXISTS {table} ({columns}) {_RETENTION}{self.table_options(by)}"

    def create_plan(self, table: str, query: str) -> str:
        """Keep no history after a drop. The table is not temporary, since another session may need it for recovery.

        Rows that are stored in order let a window read only its own partitions:
        docs.snowflake.com/en/sql-reference/sql/create-table.
        """
        made = f"CREATE TRANSIENT TABLE {table} DATA_RETENTION_TIME_IN_DAYS = 0 {_ALL_EXACT}"
        return f"{made} AS {query} ORDER BY ordinal"

    def retype(self, table: str, columns: Mapping[str, tuple[str, str]]) -> list[str]:
        """Return one statement that replaces the table: ALTER TABLE changes few types and accepts no expression."""
        replaced = ", ".join(f"CAST({value} AS {kind}) AS {column}" for column, (kind, value) in columns.items())
        made = f"CREATE OR REPLACE TRANSIENT TABLE {table} {_RETENTION} {_ALL_EXACT} COPY GRANTS"
        return [f"{made} AS SELECT * REPLACE ({replaced}) FROM {table}"] if columns else []
