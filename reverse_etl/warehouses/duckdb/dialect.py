"""DuckDB's types and SQL. Opens no connection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from reverse_etl.warehouses.columns import Column, ColumnKind, StoredColumn
from reverse_etl.warehouses.dialect import UNFOLDED, Dialect, insert_if_empty

# The database of our temporary tables.
SCRATCH = "reverse_etl_scratch"
# Type names of DuckDB. A type that has the name of its kind is not listed.
_KINDS: Mapping[str, ColumnKind] = {
    **{kind.value.upper(): kind for kind in ColumnKind},
    **dict.fromkeys(("VARCHAR", "CHAR", "ENUM"), ColumnKind.TEXT),
    **dict.fromkeys(("BLOB", "BIT"), ColumnKind.BINARY),
    **dict.fromkeys(("STRUCT", "MAP"), ColumnKind.OBJECT),
    "DOUBLE": ColumnKind.FLOAT,
}
# 128-bit numbers, and types with parts or with such numbers.
_WIDE = re.compile(r"U?HUGEINT|DECIMAL\((19|[23]\d),\d+\)")
_NESTED = re.compile(r"[\[\]]|STRUCT|MAP|UNION|HUGEINT|DECIMAL")
# A struct with unnamed members, which is not a JSON object. DuckDB 2.0 calls it a tuple.
_NAMELESS = re.compile(r"\bTUPLE\(|\bSTRUCT\([^ ,()\[\]\"]+([,()\[\]]| WITH TIME ZONE)")
_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")


def kind_of(type_name: str) -> ColumnKind:
    """Return the kind of a DuckDB type: `DECIMAL(10,2)`, `VARCHAR[]`, `STRUCT(a INTEGER)`, …."""
    if _NAMELESS.search(type_name):
        return ColumnKind.OTHER
    if type_name.endswith("]"):
        return ColumnKind.ARRAY
    word = re.split(r"[ (_]", type_name, maxsplit=1)[0].upper()
    if _INTEGER.fullmatch(word) or re.fullmatch(r"DECIMAL\(\d+,0\)", type_name):
        return ColumnKind.INTEGER
    return _KINDS.get(word, ColumnKind.OTHER)


def column_of(name: str, type_name: str) -> Column:
    """Return a column from its name and DuckDB type."""
    # A view's column that is always NULL has a type that our tables should not have.
    type_name = "VARCHAR" if type_name == '"NULL"' else type_name
    kind = kind_of(type_name)
    element = kind_of(type_name[: type_name.rindex("[")]) if kind is ColumnKind.ARRAY else None
    return Column(name, type_name, kind, element)


def _hashed(expression: str, type_name: str) -> str:
    """Return what is hashed of a value. `hash` by itself treats some different values as equal (measured up to 2.0).

    NULL, [] and [NULL]; NULL and a struct of NULLs; [[1], [2]] and [[1, 2]]; 0 and -1 of 128 bits.
    """
    if _WIDE.fullmatch(type_name):
        return f"{expression}, CAST({expression} AS DOUBLE)"
    kind = kind_of(type_name)
    if kind not in (ColumnKind.ARRAY, ColumnKind.OBJECT):
        return expression
    inner = type_name[: type_name.rindex("[")] if kind is ColumnKind.ARRAY else type_name.partition("(")[2]
    if _NESTED.search(inner):
        return f"CAST({expression} AS VARCHAR)"
    if kind is ColumnKind.ARRAY:
        return f"{expression}, len({expression})"
    return f"{expression}, {f'cardinality({expression})' if type_name.startswith('MAP') else f'{expression} IS NULL'}"


class DuckDBDialect(Dialect):
    """DuckDB's SQL."""

    name: ClassVar[str] = "duckdb"
    single_type: ClassVar[str] = "float"
    hash_type: ClassVar[str] = "UBIGINT"
    # DuckDB holds a column that a merge reads in memory with all rows of a block. A column that it only writes is not
    # held.
    merge_branches: ClassVar[bool] = True
    most_ranges: ClassVar[int] = 50_000

    def temporary_name(self, title: str, beside: str) -> str:
        """Return a name in the scratch database, which is there after the file was closed and opened again."""
        del beside
        return f"{SCRATCH}.main.{title}"

    def create_temporary(self, table: str, query: str) -> str:
        return f"CREATE OR REPLACE TABLE {table} AS {query}"

    def stored_column(self, column: Column) -> StoredColumn:
        # DESCRIBE does not report a column's collation. The cast is for columns that are always NULL.
        stored_column = super().stored_column(column)
        if column.type == "UHUGEINT":  # Arrow returns it as a signed number: the largest as -1
            return StoredColumn(self.as_text(stored_column.expression), self.text_type, json=True)
        exact = f'(CAST({stored_column.expression} AS VARCHAR) COLLATE "binary")'
        return replace(stored_column, expression=exact) if column.type == "VARCHAR" else stored_column

    def retype(self, table: str, columns: Mapping[str, tuple[str, str]]) -> list[str]:
        """Change one column at a time, because DuckDB accepts only one."""
        retyped = super().retype
        return [statement for name, change in columns.items() for statement in retyped(table, {name: change})]

    def sendable_expression(self, column: Column) -> str:
        if column.type == "BLOB":
            return f"hex({self.quote(column.name)})"
        several = "[]" if column.kind is ColumnKind.ARRAY else ""
        return f"CAST({self.quote(column.name)} AS VARCHAR{several})"

    def digest(self, text: str) -> str:
        """Joins keep the columns of one side in memory, and the columns of a row may be wider than that."""
        return f"md5({text})"

    def row_hash(self, values: Sequence[tuple[str, str]]) -> str:
        return f"hash({', '.join(_hashed(*value) for value in values) or '0'})"

    def lower(self, text: str) -> str:
        """Faster for texts with only ASCII."""
        plain = f"strlen({text}) = length({text}) OR {self.matches(text, UNFOLDED)}"
        return f"CASE WHEN {plain} THEN lower({text}) ELSE {text} END"

    def json_text(self, expression: str) -> str:
        return f"CASE WHEN json_type({expression}) = 'VARCHAR' THEN json_extract_string({expression}, '$') END"

    def matches(self, expression: str, pattern: str) -> str:
        return f"regexp_full_match({expression}, {self.literal(pattern)})"

    def try_cast(self, expression: str, type_name: str) -> str:
        return f"TRY_CAST({expression} AS {type_name})"

    def now(self) -> str:
        # Independent of the session's time zone.
        return "make_timestamp(epoch_us(now()))"

    def add_seconds(self, expression: str, seconds: float) -> str:
        return f"({expression} + to_microseconds({round(seconds * 1_000_000)}))"

    def epoch(self, expression: str) -> str:
        return f"epoch({expression})"

    def key_text(self, expressions: Sequence[str]) -> str:
        return f"CAST(to_json([{', '.join(self.as_text(item) for item in expressions)}]) AS VARCHAR)"

    def append(self, table: str, source: str, inserts: Mapping[str, str]) -> str:
        """Add rows without the join of a merge, which holds or spills all of them."""
        return insert_if_empty(table, source, inserts)

    def stored_bytes(self, relation: str) -> str:
        blocks = f"SELECT count(DISTINCT block_id) FROM pragma_storage_info({self.literal(relation)})"
        size = "SELECT max(block_size) FROM pragma_database_size()"
        return f"SELECT ({blocks} WHERE block_id >= 0) * ({size})"
