"""Postgres with two drivers: psycopg for statements and ADBC for large results. Statements are independent.

A statement sets what it needs for its own transaction. So it works through a pool that gives every transaction another
session.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.base import ResultRow, WaitPolicy, Warehouse
from reverse_etl.warehouses.columns import Column
from reverse_etl.warehouses.extras import missing_driver, require
from reverse_etl.warehouses.insert_statements import texts_of
from reverse_etl.warehouses.postgres.dialect import PostgresDialect
from reverse_etl.warehouses.postgres.errors import (
    DEPENDENT,
    ServerMessage,
    StatementRefused,
    not_opened,
    refusal,
    schema_denied,
)
from reverse_etl.warehouses.postgres.profile import ProfileOptions, read_options
from reverse_etl.warehouses.postgres.quoting import convert_placeholders, literal
from reverse_etl.warehouses.postgres.streaming import Stream, Wired
from reverse_etl.warehouses.postgres.types import COLUMNS, columns_of
from reverse_etl.warehouses.statement_meter import StatementMeter

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

    from reverse_etl.warehouses import Connection
    from reverse_etl.warehouses.statements import Statements

_LONGEST_NAME = 63
_BETWEEN_TRIES = 1.0
_STATEMENT_BYTES = 4_000_000
# Results before the result of a statement: SET TRANSACTION, and the settings.
_BEFORE = 2
# Another process may create the same object at the same moment, even with IF NOT EXISTS.
_MADE_MEANWHILE = ("23505", "42710", "42P06", "42P07")
# The forms in which values become text, independent of the server, the database and the role.
_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "quote_all_identifiers": "off",
    "jit": "off",
}


class Postgres(Warehouse):
    """One Postgres database. Connections are opened when they are needed."""

    def __init__(self, profile: ProfileOptions, wait: WaitPolicy, *, read_only: bool) -> None:
        """With `read_only` every transaction refuses writes."""
        self.dialect = PostgresDialect(uuid.uuid4().hex[:8])
        self.meter = StatementMeter(wait.monotonic)
        self._profile = profile
        self._wait = wait
        self._read_only = read_only
        self._stream = Stream(profile.conninfo)
        self._connection: psycopg.Connection[Any] | None = None

    @classmethod
    def open(cls, connection: Connection, *, read_only: bool) -> Postgres:
        """Return the database that the profile names."""
        return cls(read_options(connection.fields), connection.wait, read_only=read_only)

    def table(self, schema: str, name: str) -> str:
        """Check the name's length: Postgres would silently shorten a longer name."""
        if len(name.encode()) > _LONGEST_NAME:
            name = f"{name[:50]}_{hashlib.sha256(name.encode()).hexdigest()[:12]}"
        return f"{self.dialect.quote(schema)}.{self.dialect.quote(name)}"

    def columns(self, relation: str) -> tuple[Column, ...] | None:
        try:
            # Names of types come with their schema, since the search path is empty.
            rows = self._run(COLUMNS, (relation,), search_path="pg_catalog")[0]
        except WarehouseError as error:
            if error.code == "relation-not-found":
                return None
            raise
        return columns_of(rows) or None

    def prepare(self, steps: Statements) -> str:
        """Write the tables that the last step reads. Each is one statement, since a reader must see a whole table."""
        for statement in steps.first:
            self.execute(statement)
        return steps.last

    def query(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        return self._run(sql, params)[0]

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        return self._run(sql, params)[1]

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        described = self._described(sql)
        settings = self._settings(transaction_read_only="on")
        try:
            with self.meter.statement(self.mark, sql) as statement:
                yield from statement.following(self._stream.read(settings, self.with_mark(sql), described, rows))
        except StatementRefused as refused:
            raise refusal(refused.message, sql, self._profile) from None

    def load(self, table: str, types: Mapping[str, str], batches: Iterable[pa.RecordBatch]) -> int:
        """Load texts as arrays, one for each column: ten times as fast as an expression for each value."""
        values = ", ".join(self.dialect.try_cast(f"r.{name}", kind) for name, kind in types.items())
        arrays, names = ", ".join("CAST(? AS text[])" for _ in types), ", ".join(types)
        insert = f"INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) AS r ({names})"
        return sum(
            self.execute(insert, [texts_of(column) for column in part.columns])
            for batch in batches
            for part in _parts(batch)
        )

    def create_schema(self, schema: str) -> None:
        """Look for the schema first: CREATE SCHEMA needs the privilege even if the schema exists."""
        if self.query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ?", (schema,)):
            return
        quoted = self.dialect.quote(schema)
        try:
            self.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted}")
        except WarehouseError as error:
            if error.code == "permission-denied":
                raise schema_denied(quoted, str(error.context.get("reason", "")), self._profile) from error
            raise

    def close(self) -> None:
        self._stream.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _described(self, sql: str) -> list[Wired]:
        empty = f"SELECT * FROM ({sql}) AS q LIMIT 0"
        with self.meter.statement(self.mark, empty):
            cursor = self._cursor(empty, ())
        return [Wired(c.name, c.type_code, c.precision, _signed(c.scale)) for c in cursor.description or ()]

    def _run(self, sql: str, params: Sequence[object], **settings: str) -> tuple[list[ResultRow], int]:
        with self.meter.statement(self.mark, sql) as statement:
            cursor = self._cursor(sql, params, **settings)
            rows: list[ResultRow] = cursor.fetchall() if cursor.description else []
            touched = max(cursor.rowcount, 0)
            # A lock before the statement, or an index after it, changes no rows.
            while cursor.nextset():
                touched = max(touched, cursor.rowcount)
            statement.rows_read, statement.rows_written = len(rows), 0 if rows else touched
        return rows, touched

    def _cursor(self, sql: str, params: Sequence[object], **settings: str) -> psycopg.Cursor[Any]:
        """Run one statement in its own transaction; the cursor is at its first result."""
        try:
            return self._send(sql, params, settings)
        except StatementRefused as refused:
            if refused.message.state not in _MADE_MEANWHILE or "IF NOT EXISTS" not in sql:
                raise refusal(refused.message, sql, self._profile) from None
        try:
            return self._send(sql, params, settings)
        except StatementRefused as refused:
            raise refusal(refused.message, sql, self._profile) from None

    def _send(self, sql: str, params: Sequence[object], settings: Mapping[str, str]) -> psycopg.Cursor[Any]:
        """Send everything in one message, so that no transaction stays open between two messages."""
        driver = _driver()
        connection = self._open()
        mode = "READ ONLY" if self._read_only else "ISOLATION LEVEL READ COMMITTED, READ WRITE"
        whole = f"SET TRANSACTION {mode}; {self._settings(**settings)}; {self.with_mark(sql)}"
        bound = [_without_nul(item) for item in params]
        cursor: psycopg.Cursor[Any] = connection.cursor()
        try:
            cursor.execute(convert_placeholders(whole) if bound else whole, bound or None)
        except driver.Error as error:
            raise StatementRefused(_server_message(error, lost=connection.closed)) from None
        for _ in range(_BEFORE):
            cursor.nextset()
        return cursor

    def _settings(self, **more: str) -> str:
        """Return a query that sets what one transaction needs."""
        path = {"search_path": self._profile.search_path} if self._profile.search_path else {}
        role = {"role": self._profile.role} if self._profile.role else {}
        chosen = {**role, **_SETTINGS, **path, **more}
        calls = (f"pg_catalog.set_config('{name}', {literal(value)}, true)" for name, value in chosen.items())
        return f"SELECT {', '.join(calls)}"

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> psycopg.Connection[Any]:
        driver = _driver()
        tries = 1 + self._profile.retries
        found = self._tried(driver)
        for _ in range(self._profile.retries):
            if isinstance(found, Exception):
                self._wait.sleep(_BETWEEN_TRIES)
                found = self._tried(driver)
        if isinstance(found, Exception):
            raise not_opened(str(found), self._profile, tries)
        # A pool reports a process that is not the server's. Then the next statement may be in another session.
        [(process,)] = found.execute("SELECT pg_catalog.pg_backend_pid()").fetchall()
        self.dialect.keeps_temporary = not self._read_only and process == found.info.backend_pid
        return found

    def _tried(self, driver: Any) -> psycopg.Connection[Any] | Exception:
        how = {"autocommit": True, "prepare_threshold": None, "cursor_factory": driver.ClientCursor}
        try:
            connection: psycopg.Connection[Any] = driver.connect(**self._profile.options, **how)
        except driver.Error as error:
            found: Exception = error
            return found
        return connection


def _signed(scale: int | None) -> int | None:
    """Return a signed scale: it has 11 bits and may be negative, which not every psycopg handles."""
    return None if scale is None else ((scale & 0x7FF) ^ 0x400) - 0x400


def _without_nul(item: object) -> object:
    """Remove NUL, which Postgres cannot store."""
    if isinstance(item, list):
        return [text and text.replace("\0", "\ufffd") for text in item]
    return item.replace("\0", "\ufffd") if isinstance(item, str) else item


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield as many rows as fit into a statement."""
    rows = max(1, _STATEMENT_BYTES * batch.num_rows // max(batch.nbytes, 1))
    return (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))


def _server_message(error: psycopg.Error, *, lost: bool) -> ServerMessage:
    """With what depends on a table, where that is why."""
    state, diagnosis = error.sqlstate or "", error.diag
    words = diagnosis.message_primary or str(error)
    detail = diagnosis.message_detail if state in DEPENDENT else None
    return ServerMessage(state, f"{words}: {detail}" if detail else words, connection_lost=lost)


def _driver() -> Any:
    """Return psycopg, if the other driver is installed too."""
    require("Postgres", "psycopg", "adbc_driver_postgresql", "pyarrow")
    try:
        import psycopg
    except ImportError as error:  # psycopg without libpq
        raise missing_driver("Postgres", error.name or "psycopg[binary]") from error
    return psycopg
