"""DuckDB: its profile fields, its types, its driver, and its rule of one process a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from reverse_etl.errors import ConfigError, WarehouseError
from reverse_etl.warehouses.base import Column, ColumnKind, Dialect, Kept, Patience, Row, Warehouse, missing_driver

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from reverse_etl.warehouses import Connection

# Words of DuckDB's types whose name is that of their kind stand for themselves.
_KINDS: Mapping[str, ColumnKind] = {
    **{kind.value.upper(): kind for kind in ColumnKind},
    **dict.fromkeys(("VARCHAR", "CHAR", "ENUM"), ColumnKind.TEXT),
    **dict.fromkeys(("BLOB", "BIT"), ColumnKind.BINARY),
    **dict.fromkeys(("STRUCT", "MAP"), ColumnKind.OBJECT),
    "DOUBLE": ColumnKind.FLOAT,
}
# Numbers of 128 bits, and types that have parts of their own or such numbers.
_WIDE = re.compile(r"U?HUGEINT|DECIMAL\((19|[23]\d),\d+\)")
_NESTED = re.compile(r"[\[\]]|STRUCT|MAP|UNION|HUGEINT|DECIMAL")
_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
# A window of a plan needs little; what DuckDB may keep beyond that would only be pages it has read.
_STREAM_MEMORY = "64MB"
_HOLDER = re.compile(r"lock is held in (?P<program>.*?) ?\(PID (?P<pid>\d+)\)")


def kind_of(type_name: str) -> ColumnKind:
    """What a DuckDB type holds: `DECIMAL(10,2)`, `VARCHAR[]`, `STRUCT(a INTEGER)`, `TIMESTAMP WITH TIME ZONE`, …."""
    if type_name.endswith("]"):
        return ColumnKind.ARRAY
    word = re.split(r"[ (_]", type_name, maxsplit=1)[0].upper()
    if _INTEGER.fullmatch(word) or re.fullmatch(r"DECIMAL\(\d+,0\)", type_name):
        return ColumnKind.INTEGER
    return _KINDS.get(word, ColumnKind.OTHER)


def column_of(name: str, type_name: str) -> Column:
    """A column from its name and DuckDB type."""
    # A view's column that is always NULL has a type that no table of ours should have.
    type_name = "VARCHAR" if type_name == '"NULL"' else type_name
    kind = kind_of(type_name)
    element = kind_of(type_name[: type_name.rindex("[")]) if kind is ColumnKind.ARRAY else None
    return Column(name, type_name, kind, element)


def _hashed(expression: str, type_name: str) -> str:
    """What is hashed of a value, since `hash` alone takes some different values for the same, measured up to 2.0.

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
    """DuckDB's words of SQL."""

    name: ClassVar[str] = "duckdb"
    hash_type: ClassVar[str] = "UBIGINT"

    def kept(self, column: Column) -> Kept:
        # DESCRIBE does not tell a column's collation. The cast is for columns that are always NULL.
        kept = super().kept(column)
        exact = f'(CAST({kept.expression} AS VARCHAR) COLLATE "binary")'
        return replace(kept, expression=exact) if column.type == "VARCHAR" else kept

    def row_hash(self, values: Sequence[tuple[str, str]]) -> str:
        return f"hash({', '.join(_hashed(*value) for value in values) or '0'})"

    def matches(self, expression: str, pattern: str) -> str:
        return f"regexp_full_match({expression}, {self.literal(pattern)})"

    def try_cast(self, expression: str, type_name: str) -> str:
        return f"TRY_CAST({expression} AS {type_name})"

    def now(self) -> str:
        return "CAST(now() AS TIMESTAMP)"

    def later(self, expression: str, seconds: float) -> str:
        return f"({expression} + to_microseconds({round(seconds * 1_000_000)}))"

    def epoch(self, expression: str) -> str:
        return f"epoch({expression})"

    def key_text(self, expressions: Sequence[str]) -> str:
        return f"CAST(to_json([{', '.join(self.as_text(item) for item in expressions)}]) AS VARCHAR)"


class DuckDB(Warehouse):
    """One DuckDB file. It is open only between a call and `release`, since DuckDB lets one process in."""

    def __init__(
        self, path: str, options: Mapping[str, Any], patience: Patience, attach: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """`options`: read_only and config as `duckdb.connect` takes them."""
        self.dialect = DuckDBDialect()
        self._path = path
        self._options = options
        self._patience = patience
        self._attach = attach
        self._catalog = ""
        self._connection: duckdb.DuckDBPyConnection | None = None

    @classmethod
    def open(cls, connection: Connection, *, read_only: bool) -> DuckDB:
        """The file that the profile names; a relative path is relative to the dbt project, as dbt takes it."""
        path = str(connection.fields.get("path") or ":memory:")
        if path == ":memory:":
            raise ConfigError(
                "memory-database",
                "the dbt target keeps its tables in memory, so nothing is left to read after dbt has ended",
                context={"path": path},
                hint="Give the target a `path:` to a DuckDB file in profiles.yml.",
            )
        if not path.startswith("md:"):
            path = str((connection.project_dir / Path(path).expanduser()).resolve())
        config = {"memory_limit": connection.memory_limit, "preserve_insertion_order": "false"}
        attach = connection.fields.get("attach")
        options = {"read_only": read_only, "config": config}
        return cls(path, options, connection.patience, attach if isinstance(attach, list) else ())

    def table(self, schema: str, name: str) -> str:
        return f"{self._schema(schema)}.{self.dialect.quote(name)}"

    def _schema(self, schema: str) -> str:
        """With its catalog: a file may have the name of the schema."""
        if not self._catalog:
            self._open()
        return f"{self.dialect.quote(self._catalog)}.{self.dialect.quote(schema)}"

    def columns(self, relation: str) -> tuple[Column, ...] | None:
        try:
            # A relation's name is dbt's own, quoted by dbt.
            rows = self._run(f"DESCRIBE SELECT * FROM {relation}")
        except WarehouseError as error:
            if error.code == "relation-not-found":
                return None
            raise
        return tuple(column_of(row[0], row[1]) for row in rows)

    def query(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        return self._run(sql, params)

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        rows = self._run(sql, params)
        return int(rows[0][0]) if rows and isinstance(rows[0][0], int) else 0

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        # A relation streams; `execute` would gather the whole result outside DuckDB's memory limit.
        connection = self._open()
        connection.execute(f"SET memory_limit = {self.dialect.literal(_STREAM_MEMORY)}")
        try:
            # A result that is left open would refuse every other statement.
            with closing(self._translated(lambda: connection.sql(self.marked(sql)).to_arrow_reader(rows))) as reader:
                while (batch := self._translated(lambda: next(reader, None))) is not None:
                    yield batch
        finally:
            if connection is self._connection:
                limit = self._options["config"]["memory_limit"]
                connection.execute(f"SET memory_limit = {self.dialect.literal(limit)}")

    def create_schema(self, schema: str) -> None:
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {self._schema(schema)}")

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self.release()

    def _run(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        rows: list[Row] = self._translated(
            lambda: self._open().execute(self.marked(sql), list(params) or None).fetchall()
        )
        return rows

    def _translated(self, work: Callable[[], Any]) -> Any:
        duckdb = _driver()
        try:
            return work()
        except duckdb.CatalogException as error:
            raise _no_relation(error) from error
        # An OSError is Arrow's form of a statement that fails while its result streams.
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(
                "duckdb-error",
                "DuckDB refused a statement",
                context={"reason": _without_values(error), "file": self._path},
                hint="The reason is DuckDB's own; free disk space, rights and the file's state are the usual causes.",
            ) from error

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        driver = _driver()
        if not self._path.startswith("md:") and not Path(self._path).is_file():
            raise ConfigError(
                "missing-database",
                f"there is no DuckDB file {self._path}",
                context={"path": self._path},
                hint="Run `dbt build` first, or correct `path:` of the target in profiles.yml.",
            )
        connection = self._wait_for_lock(driver)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            [(self._catalog,)] = connection.execute("SELECT current_database()").fetchall()
            for entry in self._attach:
                connection.execute(_attach_statement(self.dialect, entry))
        except driver.Error:
            connection.close()
            raise
        return connection

    def _wait_for_lock(self, driver: Any) -> duckdb.DuckDBPyConnection:
        until = self._patience.monotonic() + self._patience.seconds
        while True:
            try:
                opened: duckdb.DuckDBPyConnection = driver.connect(self._path, **self._options)
            except driver.IOException as error:
                if "lock" not in str(error).lower() or self._patience.monotonic() >= until:
                    raise self._not_opened(error) from error
            else:
                return opened
            self._patience.sleep(0.05)

    def _not_opened(self, error: Exception) -> WarehouseError:
        holder = _HOLDER.search(str(error))
        if holder is None:
            return WarehouseError(
                "database-not-opened",
                f"the DuckDB file {self._path} could not be opened",
                context={"reason": str(error).strip()},
                hint="Check that the file is a DuckDB database of a version this driver reads, and its rights.",
            )
        return WarehouseError(
            "database-locked",
            f"the DuckDB file {self._path} is held by process {holder['pid']}",
            context={"program": holder["program"], "waited": f"{self._patience.seconds:g} s"},
            hint=f"End process {holder['pid']} or wait for it, then run again; REVERSE_ETL_LOCK_WAIT sets how long.",
        )


def _driver() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise missing_driver("DuckDB", error.name) from error
    return duckdb


def _without_values(error: Exception) -> str:
    """What DuckDB says, without the values of rows that it quotes."""
    import duckdb

    said = str(error).strip()
    quoting = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)
    if isinstance(error, (*quoting, duckdb.ConstraintException)):
        return re.sub(r"'[^']*'|(?<=value )\S+", "'…'", said.splitlines()[0])
    return said


def _attach_statement(dialect: Dialect, entry: Mapping[str, Any]) -> str:
    alias = f" AS {dialect.quote(str(entry['alias']))}" if entry.get("alias") else ""
    return f"ATTACH IF NOT EXISTS {dialect.literal(str(entry.get('path', '')))}{alias} (READ_ONLY)"


def _no_relation(error: Exception) -> WarehouseError:
    return WarehouseError(
        "relation-not-found",
        "a table or column that a statement names is not there",
        context={"reason": str(error).strip()},
        hint="Run `dbt build`, then try again.",
    )
