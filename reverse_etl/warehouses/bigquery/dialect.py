"""BigQuery's SQL. Opens no connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from reverse_etl.warehouses.bigquery.quoting import literal, name
from reverse_etl.warehouses.bigquery.types import stored_column
from reverse_etl.warehouses.columns import Column, ColumnKind, StoredColumn
from reverse_etl.warehouses.dialect import Dialect

# No collation, with any default of the dataset:
# cloud.google.com/bigquery/docs/reference/standard-sql/collation-concepts.
_EXACT = "COLLATE ''"
# The beginning of the name of each temporary table.
TEMPORARY = "reverse_etl_temp_"
_IN_A_WEEK = "TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)"


class BigQueryDialect(Dialect):
    """Words for what our statements say. Texts are compared byte by byte, also where a column's collation is not.

    No word of them depends on the time zone or the collation that a project or a dataset has by default.
    """

    name: ClassVar[str] = "bigquery"
    text_type: ClassVar[str] = "STRING"
    integer_type: ClassVar[str] = "INT64"
    timestamp_type: ClassVar[str] = "DATETIME"
    boolean_type: ClassVar[str] = "BOOL"
    hash_type: ClassVar[str] = "INT64"
    union: ClassVar[str] = "UNION DISTINCT"
    # BigQuery computes a named query once for each time it is read. A recursive one is computed once, but it cannot
    # read a view that has named queries: cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#cte_rules.
    writes_temporary: ClassVar[bool] = True
    keeps_temporary = True
    inlined: ClassVar[str] = ""
    materialized: ClassVar[str] = ""

    def __init__(self, session: str = "") -> None:
        """`session` is in the name of each temporary table, so that it hides no other table."""
        self._session = session

    def temporary_name(self, title: str, beside: str) -> str:
        """Return a name that is only in one session: a query with it has to run in that session."""
        del beside
        return f"{TEMPORARY}{self._session}_{title}"

    def create_temporary(self, table: str, query: str) -> str:
        """Replace the table of an earlier comparison, which would last as long as the session."""
        return f"CREATE OR REPLACE TEMP TABLE {table} AS {query}"

    def quote(self, name_: str) -> str:
        return name(name_)

    def literal(self, text: str) -> str:
        return literal(text)

    def sendable_expression(self, column: Column) -> str:
        sent = "TO_JSON_STRING({})" if "STRUCT<" in column.type else "CAST({} AS STRING)"
        sent = "TO_HEX({})" if ColumnKind.BINARY in (column.kind, column.element) else sent
        if column.kind is ColumnKind.ARRAY:
            return f"ARRAY(SELECT {sent.format('one')} FROM UNNEST({self.quote(column.name)}) AS one)"
        return sent.format(self.quote(column.name))

    def column_type(self, type_name: str) -> str:
        return f"STRING {_EXACT}" if type_name == "STRING" else type_name

    def stored_column(self, column: Column) -> StoredColumn:
        return stored_column(column)

    def empty_query(self, columns: str) -> str:
        return f"SELECT {columns} FROM UNNEST([0]) WHERE FALSE"

    def rows(self, alias: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        first = ", ".join(f"{value} AS {column}" for value, column in zip(rows[0], columns, strict=True))
        structs = ", ".join(f"STRUCT({row})" for row in (first, *map(", ".join, rows[1:])))
        return f"UNNEST([{structs}]) AS {alias}"

    def in_subquery(self, columns: Sequence[str], source: str) -> str:
        """BigQuery reads a list in SELECT as several columns. In parentheses it is one struct."""
        listed = ", ".join(columns)
        return f"({listed}) IN (SELECT ({listed}) {source})"

    def table_options(self, column: str, *, passing: bool = False) -> str:
        """Cluster the table, so that reading some rows does not read all of them.

        A temporary table expires by itself.
        """
        expires = f" OPTIONS (expiration_timestamp = {_IN_A_WEEK})" if passing else ""
        return f" DEFAULT {_EXACT} CLUSTER BY {column}{expires}"

    def add_columns(self, table: str, types: Mapping[str, str]) -> list[str]:
        """Add all columns in one statement: BigQuery allows five metadata changes of a table in ten seconds."""
        added = ", ".join(f"ADD COLUMN {one} {self.column_type(kind)}" for one, kind in types.items())
        return [f"ALTER TABLE {table} {added}"] if types else []

    def retype(self, table: str, columns: Mapping[str, tuple[str, str]]) -> list[str]:
        """Return one statement that replaces the table: few types can be altered to others."""
        replaced = ", ".join(f"{value} AS {column}" for column, (_, value) in columns.items())
        made = f"CREATE OR REPLACE TABLE {table}{self.table_options('identity')}"
        return [f"{made} AS SELECT * REPLACE ({replaced}) FROM {table}"] if columns else []

    def row_hash(self, values: Sequence[tuple[str, str]]) -> str:
        """Hash one JSON text, in which NULL, texts and numbers differ."""
        parts = (f"{_hashed(*value)} AS h{n}" for n, value in enumerate(values or [("0", "INT64")]))
        return f"FARM_FINGERPRINT(TO_JSON_STRING(STRUCT({', '.join(parts)})))"

    def json_text(self, expression: str) -> str:
        return f"IF(STARTS_WITH({expression}, '\"'), JSON_VALUE({expression}), NULL)"

    def matches(self, expression: str, pattern: str) -> str:
        return f"REGEXP_CONTAINS({expression}, {literal(f'^(?:{pattern})$')})"

    def try_cast(self, expression: str, type_name: str) -> str:
        return f"SAFE_CAST({expression} AS {type_name})"

    def now(self) -> str:
        return "DATETIME(CURRENT_TIMESTAMP(), 'UTC')"

    def add_seconds(self, expression: str, seconds: float) -> str:
        return f"DATETIME_ADD({expression}, INTERVAL {round(seconds * 1_000_000)} MICROSECOND)"

    def utc_timestamp(self, expression: str, type_name: str) -> str:
        return f"DATETIME({expression}, 'UTC')" if type_name == "TIMESTAMP" else expression

    def epoch(self, expression: str) -> str:
        return f"(DATETIME_DIFF({expression}, DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000)"

    def key_text(self, expressions: Sequence[str]) -> str:
        return f"TO_JSON_STRING([{', '.join(self.as_text(item) for item in expressions)}])"


def _hashed(expression: str, type_name: str) -> str:
    """Return the expression to hash. -0 becomes 0."""
    return f"{expression} + 0" if type_name == "FLOAT64" else expression
