"""Postgres's SQL, from version 12 on. Opens no connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from reverse_etl.warehouses.columns import Column, ColumnKind, StoredColumn
from reverse_etl.warehouses.dialect import UNFOLDED, Dialect, insert_if_empty
from reverse_etl.warehouses.postgres.quoting import literal
from reverse_etl.warehouses.postgres.safe_cast import cast_or_null
from reverse_etl.warehouses.postgres.types import TEXT, is_never_empty, stored_column

# This collation distinguishes texts that the database's collation may treat as equal.
_EXACT = 'COLLATE "C"'


class PostgresDialect(Dialect):
    """Words for what our statements say. Texts are compared byte by byte, also where a column's collation is not."""

    name: ClassVar[str] = "postgres"
    text_type: ClassVar[str] = TEXT
    integer_type: ClassVar[str] = "bigint"
    timestamp_type: ClassVar[str] = "timestamp without time zone"
    boolean_type: ClassVar[str] = "boolean"
    single_type: ClassVar[str] = "real"
    hash_type: ClassVar[str] = "bigint"
    most_ranges: ClassVar[int] = 50_000

    def __init__(self, session: str = "") -> None:
        """`session` is in the name of each temporary table, so that it hides no other table."""
        self._session = session

    def literal(self, text: str) -> str:
        return literal(text)

    def as_text(self, expression: str) -> str:
        return f"(CAST({expression} AS {TEXT}) {_EXACT})"

    def stored_column(self, column: Column) -> StoredColumn:
        found = stored_column(self.quote(column.name), column)
        return StoredColumn(f"({found.expression} {_EXACT})", TEXT, found.json) if found.type == TEXT else found

    def sendable_expression(self, column: Column) -> str:
        name = self.quote(column.name)
        if column.type == "bytea":
            return f"encode({name}, 'hex')"
        return f"CAST({name} AS text{'[]' if column.kind is ColumnKind.ARRAY else ''})"

    def column_type(self, type_name: str) -> str:
        return f"{TEXT} {_EXACT}" if type_name == TEXT else type_name

    def null(self, type_name: str) -> str:
        return f"(CAST(NULL AS {TEXT}) {_EXACT})" if type_name == TEXT else f"CAST(NULL AS {type_name})"

    def lower(self, text: str) -> str:
        """Change the ASCII letters first, as in every warehouse, then the letters of the database's locale."""
        lowered = f'(lower(lower({text} {_EXACT}) COLLATE "default") {_EXACT})'
        plain = f"octet_length({text}) = length({text}) OR {self.matches(text, UNFOLDED)}"
        return f"CASE WHEN {plain} THEN {lowered} ELSE {text} END"

    def concat_texts(self, texts: Sequence[str]) -> str:
        """Nest calls, because a function accepts at most 100 arguments."""
        return " || ".join(texts)

    def row_hash(self, values: Sequence[tuple[str, str]]) -> str:
        """Hash each value with the hash of the earlier values as the seed, so that the order of values counts."""
        found = "0"
        for expression, type_name in values or [("0", "integer")]:
            found = f"hashtextextended({_hashed(expression, type_name.lower())} {_EXACT}, {found})"
        return found

    def json_text(self, expression: str) -> str:
        """Return the text without NUL, which Postgres cannot store and which would end the statement."""
        plain = f"position({self.literal(chr(92) + 'u0000')} IN {self.as_text(expression)}) = 0"
        json = f"CAST({expression} AS json)"
        return f"CASE WHEN {plain} AND json_typeof({json}) = 'string' THEN ({json} #>> '{{}}') {_EXACT} END"

    def matches(self, expression: str, pattern: str) -> str:
        """Write characters beyond ASCII as numbers, since the database's encoding may lack them."""
        spelled = "".join(char if char.isascii() else f"\\u{ord(char):04x}" for char in pattern)
        return f"({expression} {_EXACT} ~ {self.literal(f'^(?:{spelled})$')})"

    def try_cast(self, expression: str, type_name: str) -> str:
        """Check the text first, because Postgres has no cast that returns NULL on failure."""
        return self.as_text(expression) if type_name == TEXT else cast_or_null(expression, type_name.lower())

    def now(self) -> str:
        return "(now() AT TIME ZONE 'UTC')"

    def add_seconds(self, expression: str, seconds: float) -> str:
        return f"({expression} + INTERVAL '{seconds:.6f} seconds')"

    def epoch(self, expression: str) -> str:
        return f"extract(epoch FROM {expression})"

    def stored_bytes(self, relation: str) -> str:
        """With long values, without indexes."""
        table = f"to_regclass({self.literal(relation)})"
        return f"SELECT pg_table_size(oid) FROM pg_class WHERE oid = {table} AND relkind IN ('r', 'm')"

    def key_text(self, expressions: Sequence[str]) -> str:
        texts = ", ".join(self.as_text(item) for item in expressions)
        return self.as_text(f"to_json(ARRAY[{texts}])")

    def temporary_name(self, title: str, beside: str) -> str:
        """Return a name in the schema of temporary tables, with any search path."""
        del beside
        return f"pg_temp.reverse_etl_{self._session}_{title}"

    def create_temporary(self, table: str, query: str) -> str:
        """Replace the table of an earlier comparison, and count its rows for the planner."""
        return f"DROP TABLE IF EXISTS {table}; CREATE TEMP TABLE {table} AS {query}; ANALYZE {table}"

    def create_plan(self, table: str, query: str) -> str:
        """Create an index too. Without it, each window of a large plan reads the whole plan."""
        return f"{super().create_plan(table, query)}; ALTER TABLE {table} ADD PRIMARY KEY (ordinal)"

    def merge(
        self, table: str, source: str, branches: Sequence[tuple[str, Mapping[str, str]]], inserts: Mapping[str, str]
    ) -> str:
        """Merge without MERGE, which exists only from version 15 on.

        The lock protects from a run that lost its lease.
        """
        [(unless_newer, updates)] = branches
        assigned = ", ".join(f"{column} = {value}" for column, value in updates.items())
        return (
            f"{_lock(table)} WITH p AS MATERIALIZED ({source}),"
            f" updated AS (UPDATE {table} AS s SET {assigned} FROM p WHERE s.identity = p.identity AND {unless_newer})"
            f" INSERT INTO {table} ({', '.join(inserts)}) SELECT {', '.join(inserts.values())} FROM p"
            f" WHERE NOT EXISTS (SELECT 1 FROM {table} AS s WHERE s.identity = p.identity)"
        )

    def append(self, table: str, source: str, inserts: Mapping[str, str]) -> str:
        """Add rows without writing them to a temporary file first. The lock is the same as for a merge."""
        return f"{_lock(table)} {insert_if_empty(table, source, inserts)}"


def _lock(table: str) -> str:
    return f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;"


def _hashed(expression: str, type_name: str) -> str:
    """Return the text that is hashed of a value: equal for equal values, and different from the text of NULL."""
    text = f"CAST({expression} AS {TEXT})"
    if type_name in ("real", "double precision"):  # -0 is 0
        text = f"CAST({expression} + 0 AS {TEXT})"
    elif type_name == "numeric":  # 1.0 is 1.00
        text = f"CASE WHEN scale({expression}) > 0 THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
    return f"coalesce({text}, '')" if is_never_empty(type_name) else f"coalesce('=' || {text}, '')"
