"""One DuckDB file: its profile fields, its driver, and its rule of one process a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reverse_etl.errors import ConfigError, WarehouseError
from reverse_etl.warehouses.base import Column, Dialect, Patience, Row, Warehouse, missing_driver
from reverse_etl.warehouses.duckdb.dialect import DuckDBDialect, column_of
from reverse_etl.warehouses.metering import Meter

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from reverse_etl.warehouses import Connection

# A window of a plan needs little; what DuckDB may keep beyond that would only be pages it has read.
_STREAM_MEMORY = "64MB"
_BATCH = "reverse_etl_batch"
_HOLDER = re.compile(r"lock is held in (?P<program>.*?) ?\(PID (?P<pid>\d+)\)")


class DuckDB(Warehouse):
    """One DuckDB file. It is open only between a call and `release`, since DuckDB lets one process in."""

    def __init__(
        self,
        path: str,
        options: Mapping[str, Any],
        patience: Patience,
        attach: Sequence[Mapping[str, Any]] = (),
        *,
        make: bool = False,
    ) -> None:
        """`options`: read_only and config as `duckdb.connect` takes them. `make`: the file where it is missing.

        `attach`, which may grow while the file is let go, are others to read beside it.
        """
        self.dialect = DuckDBDialect()
        self.meter = Meter(patience.monotonic)
        self._path = path
        self._options = options
        self._patience = patience
        self._attach = attach
        self._make = make
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
        attach = connection.fields.get("attach")
        options = options_of(connection.memory_limit, read_only=read_only)
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
        with self.meter.statement(self.mark, sql) as tally:
            rows = self._send(sql, params)
            tally.rows_written = int(rows[0][0]) if rows and isinstance(rows[0][0], int) else 0
        return tally.rows_written

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        with self.meter.statement(self.mark, sql) as tally:
            yield from tally.following(self._streamed(sql, rows))

    def _streamed(self, sql: str, rows: int) -> Generator[pa.RecordBatch, None, None]:
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

    def load(self, table: str, types: Mapping[str, str], batches: Iterable[pa.RecordBatch]) -> int:
        """As Arrow, so that values need no text between."""
        names = [self.dialect.quote(name) for name in types]
        values = [self.dialect.try_cast(name, kind) for name, kind in zip(names, types.values(), strict=True)]
        insert = f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {_BATCH}"
        self.execute("BEGIN TRANSACTION")
        try:
            named = (batch.rename_columns(list(types)) for batch in batches)
            rows: int = sum(self._with(batch, lambda: self.execute(insert)) for batch in named)
            self.execute("COMMIT")
        except BaseException:
            self.execute("ROLLBACK")
            raise
        return rows

    def types_of(self, schema: pa.Schema) -> list[str]:
        """DuckDB's types of Arrow columns."""
        described = f"DESCRIBE SELECT * FROM {_BATCH}"
        return [
            column_of(row[0], row[1]).type for row in self._with(schema.empty_table(), lambda: self.query(described))
        ]

    def _with(self, rows: Any, work: Callable[[], Any]) -> Any:
        """Do something while Arrow rows can be read as a relation."""
        connection = self._open()
        self._translated(lambda: connection.register(_BATCH, rows))
        try:
            return work()
        finally:
            # A transaction that failed takes no statement but its end.
            with suppress(_driver().Error):
                connection.unregister(_BATCH)

    def create_schema(self, schema: str) -> None:
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {self._schema(schema)}")

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self.release()

    def _run(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        with self.meter.statement(self.mark, sql) as tally:
            rows = self._send(sql, params)
            tally.rows_read = len(rows)
        return rows

    def _send(self, sql: str, params: Sequence[object]) -> list[Row]:
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
        if not (self._make or self._path.startswith("md:") or Path(self._path).is_file()):
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


def options_of(memory_limit: str, *, read_only: bool) -> Mapping[str, Any]:
    """How a file is opened."""
    return {
        "read_only": read_only,
        "config": {"memory_limit": memory_limit, "preserve_insertion_order": "false"},
    }


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
