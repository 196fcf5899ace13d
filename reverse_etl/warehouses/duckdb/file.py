"""One DuckDB file: its profile fields, its driver, and its rule of one process a file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reverse_etl.errors import ConfigError, WarehouseError
from reverse_etl.warehouses.base import Column, Dialect, Patience, Row, Warehouse
from reverse_etl.warehouses.duckdb.dialect import DuckDBDialect, column_of
from reverse_etl.warehouses.duckdb.refusals import not_attached, not_opened, refusal, shown
from reverse_etl.warehouses.extras import require
from reverse_etl.warehouses.metering import Meter

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from reverse_etl.warehouses import Connection

_BATCH = "reverse_etl_batch"


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
        # A file lets one process in; MotherDuck lets many.
        self.exclusive = not path.startswith("md:")
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
        def begun() -> Any:
            # A relation streams; `execute` would gather the whole result outside DuckDB's memory limit.
            return self._translated(lambda: _reader(connection.sql(self.marked(sql)), rows), sql)

        connection = self._open()
        # A result that is left open would refuse every other statement.
        with closing(begun()) as reader:
            while (batch := self._translated(lambda: next(reader, None), sql)) is not None:
                yield batch

    def load(self, table: str, types: Mapping[str, str], batches: Iterable[pa.RecordBatch]) -> int:
        """As Arrow, so that values need no text between."""
        import pyarrow as pa

        names = [self.dialect.quote(name) for name in types]
        values = [self.dialect.try_cast(name, kind) for name, kind in zip(names, types.values(), strict=True)]
        insert = f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {_BATCH}"
        self.execute("BEGIN TRANSACTION")
        try:
            named = (pa.RecordBatch.from_arrays(batch.columns, names=list(types)) for batch in batches)
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
            lambda: self._open().execute(self.marked(sql), list(params) or None).fetchall(), sql
        )
        return rows

    def _translated(self, work: Callable[[], Any], sql: str = "") -> Any:
        duckdb = _driver()
        try:
            return work()
        # An OSError is Arrow's form of a statement that fails while its result streams.
        except (duckdb.Error, OSError) as error:
            if isinstance(error, duckdb.FatalException):  # nothing more can be done with this connection
                self.release()
            raise refusal(error, sql, self._path) from None

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        driver = _driver()
        if not (self._make or self._path.startswith("md:") or Path(self._path).is_file()):
            raise ConfigError(
                "missing-database",
                f"there is no DuckDB file {shown(self._path)}",
                context={"path": shown(self._path)},
                hint="Run `dbt build` first, or correct `path:` of the target in profiles.yml.",
            )
        connection = self._wait_for_lock(driver)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            [(self._catalog,)] = connection.execute("SELECT current_database()").fetchall()
            for entry in self._attach:
                self._attach_one(connection, entry)
        except (driver.Error, WarehouseError):
            connection.close()
            raise
        return connection

    def _attach_one(self, connection: duckdb.DuckDBPyConnection, entry: Mapping[str, Any]) -> None:
        try:
            connection.execute(_attach_statement(self.dialect, entry))
        except _driver().Error as error:
            raise not_attached(error, str(entry.get("path", ""))) from None

    def _wait_for_lock(self, driver: Any) -> duckdb.DuckDBPyConnection:
        until = self._patience.monotonic() + self._patience.seconds
        while True:
            try:
                opened: duckdb.DuckDBPyConnection = driver.connect(self._path, **self._options)
            except driver.Error as error:
                if "lock" not in str(error).lower() or self._patience.monotonic() >= until:
                    raise not_opened(error, self._path, self._patience.seconds) from None
            else:
                return opened
            self._patience.sleep(0.05)


def options_of(memory_limit: str, *, read_only: bool) -> Mapping[str, Any]:
    """How a file is opened."""
    return {
        "read_only": read_only,
        "config": {"memory_limit": memory_limit, "preserve_insertion_order": "false"},
    }


def _reader(relation: Any, rows: int) -> Any:
    """By the name that the driver has for it: it has another one since 1.5."""
    named = "to_arrow_reader" if hasattr(relation, "to_arrow_reader") else "fetch_record_batch"
    return getattr(relation, named)(rows)


def _driver() -> Any:
    require("DuckDB", "duckdb", "pyarrow")
    import duckdb

    return duckdb


def _attach_statement(dialect: Dialect, entry: Mapping[str, Any]) -> str:
    alias = f" AS {dialect.quote(str(entry['alias']))}" if entry.get("alias") else ""
    return f"ATTACH IF NOT EXISTS {dialect.literal(str(entry.get('path', '')))}{alias} (READ_ONLY)"
