"""One DuckDB file: its profile fields, its driver, and its limit of one process per file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.base import ResultRow, WaitPolicy
from reverse_etl.warehouses.columns import Column
from reverse_etl.warehouses.duckdb.connection_setup import (
    Setup,
    apply_setup,
    attach_statement,
    lacking_database,
    needs_secrets,
    read_setup,
)
from reverse_etl.warehouses.duckdb.dialect import DuckDBDialect, column_of
from reverse_etl.warehouses.duckdb.driver import duckdb_driver, wait_for_lock
from reverse_etl.warehouses.duckdb.errors import (
    in_memory,
    missing_file,
    naming_unapplied,
    not_attached,
    not_opened,
    refusal,
)
from reverse_etl.warehouses.duckdb.file_version import file_version
from reverse_etl.warehouses.duckdb.memory import DEFAULT_LIMIT, grown_options, limit_of, options_of
from reverse_etl.warehouses.duckdb.profile_secrets import make_secrets, needs_secret
from reverse_etl.warehouses.duckdb.scratch import ScratchWarehouse
from reverse_etl.warehouses.duckdb.streaming import begin_stream
from reverse_etl.warehouses.statement_meter import StatementMeter
from reverse_etl.warehouses.table_version import TableVersion

if TYPE_CHECKING:
    import pyarrow as pa

    from reverse_etl.warehouses import Connection

_BATCH = "reverse_etl_batch"


class DuckDB(ScratchWarehouse):
    """One DuckDB file. It is open from a statement to the end of its session, since DuckDB allows one process."""

    def __init__(
        self,
        path: str,
        options: Mapping[str, Any],
        wait: WaitPolicy,
        attach: Sequence[Mapping[str, Any]] = (),
        *,
        setup: Setup | None = None,
        make: bool = False,
    ) -> None:
        """`options`: read_only and config for `duckdb.connect`. `make`: create the file if it is missing.

        `attach` are other databases to read; it may grow while the file is closed. Databases of `setup` are attached
        when a statement needs them: a locked one only stops the statements that read it.
        """
        super().__init__()
        self.dialect = DuckDBDialect()
        self.meter = StatementMeter(wait.monotonic)
        # A file allows one process; MotherDuck allows many.
        self.exclusive = not path.startswith("md:")
        self.dialect.keeps_temporary = self.exclusive
        self._path = path
        self._options = options
        self._memory_grows = limit_of(options) == DEFAULT_LIMIT
        self._wait = wait
        self._attach = attach
        self._setup = setup or Setup()
        self._needed: list[Mapping[str, Any]] = []
        self._has_secrets = False
        self._make = make
        self._catalog = ""
        self._connection: Any = None

    @classmethod
    def open(cls, connection: Connection, *, read_only: bool) -> DuckDB:
        """Return the file that the profile names. A relative path is relative to the working directory, as in dbt."""
        path = str(connection.fields.get("path") or ":memory:")
        if path == ":memory:":
            raise in_memory(path)
        if not path.startswith("md:"):
            path = str((connection.working_dir / Path(path).expanduser()).resolve())
        setup = read_setup(connection.fields, connection.working_dir, DuckDBDialect())
        options = options_of(connection.memory_limit, read_only=read_only, config=setup.config)
        return cls(path, options, connection.wait, setup=setup)

    def table(self, schema: str, name: str) -> str:
        return f"{self._schema(schema)}.{self.dialect.quote(name)}"

    def _schema(self, schema: str) -> str:
        """Return the schema with its catalog, since a file may have the same name as the schema."""
        if not self._catalog:
            self._open()
        return f"{self.dialect.quote(self._catalog)}.{self.dialect.quote(schema)}"

    def columns(self, relation: str) -> tuple[Column, ...] | None:
        try:
            # dbt has already quoted the name of a relation.
            rows = self._run(f"DESCRIBE SELECT * FROM {relation}")
        except WarehouseError as error:
            if error.code == "relation-not-found":
                return None
            raise
        self._make_room(len(rows))
        return tuple(column_of(row[0], row[1]) for row in rows)

    def table_version(self, relation: str) -> TableVersion | None:
        """Return the version of the file, if this process only reads it."""
        is_only_read = self.exclusive and self._options.get("read_only")
        return file_version(Path(self._path), relation, self.query) if is_only_read else None

    def _make_room(self, columns: int) -> None:
        grown = grown_options(self._options, columns) if self._memory_grows else self._options
        if grown is not self._options:
            self._options = grown
            self._run(f"SET memory_limit = '{limit_of(grown)}'")

    def query(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        return self._run(sql, params)

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        with self.meter.statement(self.mark, sql) as statement:
            rows = self._send(sql, params)
            statement.rows_written = int(rows[0][0]) if rows and isinstance(rows[0][0], int) else 0
        return statement.rows_written

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        with self.meter.statement(self.mark, sql) as statement:
            yield from statement.following(self._streamed(sql, rows))

    def _streamed(self, sql: str, rows: int) -> Generator[pa.RecordBatch, None, None]:
        def begun() -> Any:
            # A relation streams; `execute` would collect the whole result outside DuckDB's memory limit.
            begin = partial(begin_stream, connection, self.with_mark(sql), rows)
            return self._translated(lambda: self._attaching(connection, begin), sql)

        connection = self._open()
        # While a result is open, DuckDB refuses every other statement.
        with closing(begun()) as reader:
            while (batch := self._translated(lambda: next(reader, None), sql)) is not None:
                yield batch

    def load(self, table: str, types: Mapping[str, str], batches: Iterable[pa.RecordBatch]) -> int:
        """Load as Arrow, so that values are not converted to text."""
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
        """Return DuckDB's types of Arrow columns."""
        described = f"DESCRIBE SELECT * FROM {_BATCH}"
        return [
            column_of(row[0], row[1]).type for row in self._with(schema.empty_table(), lambda: self.query(described))
        ]

    def _with(self, rows: Any, work: Callable[[], Any]) -> Any:
        """Do work while Arrow rows can be read as a relation."""
        connection = self._open()
        self._translated(lambda: connection.register(_BATCH, rows))
        try:
            return work()
        finally:
            # After a failure, a transaction accepts only its end.
            with suppress(duckdb_driver().Error):
                connection.unregister(_BATCH)

    def create_schema(self, schema: str) -> None:
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {self._schema(schema)}")

    def unlock(self) -> None:
        self._disconnect()

    def free_memory(self) -> None:
        """Open a new connection for the next statement, because a connection keeps changed data in memory."""
        self._disconnect()

    def close(self) -> None:
        self._disconnect()
        self._scratch.drop()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        with self.meter.statement(self.mark, sql) as statement:
            rows = self._send(sql, params)
            statement.rows_read = len(rows)
        return rows

    def _send(self, sql: str, params: Sequence[object]) -> list[ResultRow]:
        def work() -> list[ResultRow]:
            connection = self._open()
            text, values = self.with_mark(sql), list(params) or None
            found: list[ResultRow] = self._attaching(connection, lambda: connection.execute(text, values).fetchall())
            return found

        rows: list[ResultRow] = self._translated(work, sql)
        return rows

    def _attaching(self, connection: Any, work: Callable[[], Any]) -> Any:
        """Do work, and set up what it needs from the profile: an attached database, or its secrets."""
        try:
            return work()
        except duckdb_driver().Error as error:
            entry = lacking_database(error, self._setup.attach)
            if entry is not None and entry not in self._needed:
                self._attach_one(connection, entry)
                self._needed.append(entry)
            elif not (needs_secret(error) and self._make_secrets(connection)):
                raise
        return self._attaching(connection, work)

    def _make_secrets(self, connection: Any) -> bool:
        """Create the secrets of the profile; return False if there are none, or if they exist already."""
        if self._has_secrets or not self._setup.secrets:
            return False
        make_secrets(connection, self._setup.secrets, duckdb_driver().Error)
        self._has_secrets = True
        return True

    def _translated(self, work: Callable[[], Any], sql: str = "") -> Any:
        duckdb = duckdb_driver()
        try:
            return work()
        # An OSError is Arrow's form of a statement that fails while its result streams.
        except (duckdb.Error, OSError) as error:
            if isinstance(error, duckdb.FatalException):  # this connection cannot be used any more
                self._disconnect()
            raise naming_unapplied(refusal(error, sql, self._path), self._setup.unapplied) from None

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> Any:
        driver = duckdb_driver()
        if not (self._make or self._path.startswith("md:") or Path(self._path).is_file()):
            raise missing_file(self._path)
        path, options = self._path, self._options
        connection: Any = wait_for_lock(lambda: driver.connect(path, **options), partial(not_opened, path), self._wait)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            apply_setup(connection, self._setup, self.dialect, driver.Error)
            [(self._catalog,)] = connection.execute("SELECT current_database()").fetchall()
            if self._has_secrets:
                make_secrets(connection, self._setup.secrets, driver.Error)
            for entry in (*self._attach, *self._needed):
                self._attach_one(connection, entry)
            self._scratch.attach_again(connection)
        except (driver.Error, WarehouseError):
            connection.close()
            raise
        return connection

    def _attach_one(self, connection: Any, entry: Mapping[str, Any]) -> None:
        path = str(entry.get("path", ""))
        if needs_secrets(entry):
            self._make_secrets(connection)
        statement = attach_statement(self.dialect, entry)
        wait_for_lock(lambda: connection.execute(statement), partial(not_attached, path), self._wait)
