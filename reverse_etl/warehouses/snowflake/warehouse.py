"""Snowflake: one session of its connector, single statements that commit by themselves, large results as Arrow."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from reverse_etl.cost import StatementCost
from reverse_etl.errors import ReverseEtlError, WarehouseError
from reverse_etl.warehouses.base import ResultRow, WaitPolicy, Warehouse
from reverse_etl.warehouses.columns import Column
from reverse_etl.warehouses.extras import missing_driver
from reverse_etl.warehouses.read_estimate import ReadEstimate
from reverse_etl.warehouses.snowflake.dialect import SnowflakeDialect
from reverse_etl.warehouses.snowflake.errors import ServerMessage, not_opened, read_only, refusal, schema_denied, to_see
from reverse_etl.warehouses.snowflake.identifiers import folded, quote_place
from reverse_etl.warehouses.snowflake.pricing import estimated_credits
from reverse_etl.warehouses.snowflake.profile import SECRETS, ProfileOptions, read_options, remove_secrets
from reverse_etl.warehouses.snowflake.query_history import history_query, parse_history
from reverse_etl.warehouses.snowflake.send_warehouse import WarehouseChoice
from reverse_etl.warehouses.snowflake.table_size import assigned_bytes, stored_bytes
from reverse_etl.warehouses.snowflake.table_version import holds_all_values, version_of, version_query
from reverse_etl.warehouses.snowflake.types import column_of
from reverse_etl.warehouses.statement_meter import RunningStatement, StatementMeter
from reverse_etl.warehouses.table_version import TableVersion

if TYPE_CHECKING:
    import pyarrow as pa

    from reverse_etl.warehouses import Connection
    from reverse_etl.warehouses.statements import Statements

# Seconds between questions about a statement that runs longer.
_REQUEST_TIMEOUT = 120
# Arguments that connector 5 no longer has.
_UNTIL_4 = ("disable_ocsp_checks", "client_request_mfa_token")
# Another process may create the same object at the same moment, even with IF NOT EXISTS.
_MADE_MEANWHILE = 2002
# The number of an error that does not come from the service.
_OWN = -1
# Only its session can see a temporary table, and it ends with the session.
_READING = ("SELECT", "WITH", "DESCRIBE", "SHOW", "EXPLAIN", "CREATE OR REPLACE TEMPORARY TABLE")


class Snowflake(Warehouse):
    """One Snowflake database. The session starts when it is needed, and again after it was lost."""

    def __init__(self, profile: ProfileOptions, wait: WaitPolicy, *, read_only: bool, send_warehouse: str = "") -> None:
        """Snowflake has no read-only sessions: with `read_only`, statements that write are not sent.

        `send_warehouse` is the virtual warehouse to use while rows are sent; empty: the profile's.
        """
        self.dialect = SnowflakeDialect(uuid.uuid4().hex[:8])
        self.meter = StatementMeter(wait.monotonic)
        self._profile = profile
        self._wait = wait
        self._read_only = read_only
        self._connection: Any = None
        self._choice = WarehouseChoice(send_warehouse, str(profile.options.get("warehouse") or ""), self._execute_on)

    @classmethod
    def open(cls, connection: Connection, *, read_only: bool) -> Snowflake:
        """Return the database that the profile names. A key's relative path is relative to the dbt project."""
        profile = read_options(connection.fields, connection.working_dir)
        return cls(profile, connection.wait, read_only=read_only, send_warehouse=connection.send_warehouse)

    def with_mark(self, sql: str) -> str:
        """Put the mark at the end, since Snowflake removes a comment at the beginning of a statement."""
        return f"{sql} {self.mark}"

    def table(self, schema: str, name: str) -> str:
        return f"{self._schema(schema)}.{self.dialect.quote(name)}"

    def columns(self, relation: str) -> tuple[Column, ...] | None:
        try:
            # dbt has already quoted the name of a relation if needed.
            rows = self.query(f"DESCRIBE TABLE {relation}")
        except WarehouseError as error:
            if error.code == "relation-not-found":
                return None
            raise
        return tuple(column_of(row[0], row[1]) for row in rows)

    def table_version(self, relation: str) -> TableVersion | None:
        """Return the version from the information schema, which needs no right on the table but to see it."""
        asked = version_query(self.dialect, relation)
        if asked is None or not holds_all_values(self.query(f"DESCRIBE TABLE {relation}")):
            return None
        return version_of(self.query(*asked))

    def access_hint(self, relation: str) -> str:
        return to_see(relation, self._profile)

    def prepare(self, steps: Statements) -> str:
        """Run all but the last step: the connector sends one statement at a time."""
        for statement in steps.first:
            self.execute(statement)
        return steps.last

    def estimate_read(self, sql: str, tables: Sequence[str]) -> ReadEstimate:
        """Return the bytes that Snowflake's plan assigns to a query, or the size of its tables."""
        read = self._assigned_bytes(sql)
        basis = "EXPLAIN; credits of an X-Small warehouse, estimated from bytes"
        if read is None:
            read, basis = super().estimate_read(sql, tables).bytes_read, f"size of its tables{basis[7:]}"
        return ReadEstimate(basis, read, credits=None if read is None else estimated_credits(read))

    def _assigned_bytes(self, sql: str) -> int | None:
        with suppress(WarehouseError):
            return assigned_bytes(self.query(f"EXPLAIN USING JSON {sql}"))
        return None

    def table_bytes(self, relation: str) -> int | None:
        return stored_bytes(self, relation)

    def query(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        with self._running(sql, params) as (cursor, statement):
            rows: list[ResultRow] = self._translated(cursor.fetchall, sql)
            statement.rows_read = len(rows)
        return rows

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        with self._running(sql, params) as (cursor, statement):
            statement.rows_written = max(cursor.rowcount or 0, 0)
        return statement.rows_written

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield batches. Timestamps have microseconds, which can hold every year; comparisons use all their digits."""
        with self._running(sql, ()) as (cursor, statement):
            tables = self._translated(lambda: cursor.fetch_arrow_batches(force_microsecond_precision=True), sql)
            yield from statement.following(self._batches(tables, sql, rows))

    def _batches(self, tables: Iterator[pa.Table], sql: str, rows: int) -> Generator[pa.RecordBatch, None, None]:
        while (table := self._translated(lambda: next(tables, None), sql)) is not None:
            named = table.rename_columns([folded(name) for name in table.column_names])
            yield from named.to_batches(max_chunksize=rows)

    def create_schema(self, schema: str) -> None:
        """Look for the schema first: creating it needs the privilege even if the schema exists."""
        if self._has_schema(schema):
            return
        place = self._schema(schema)
        try:
            # Without a collation, so that our tables compare exactly in any database.
            self.execute(f"CREATE SCHEMA IF NOT EXISTS {place} DEFAULT_DDL_COLLATION = ''")
        except WarehouseError as error:
            if error.code in ("permission-denied", "relation-not-found"):
                raise schema_denied(place, error, self._profile) from error
            raise

    def costs(self, sync: str) -> tuple[StatementCost, ...]:
        """Return bytes, seconds and credits from the session's own history, with one more statement."""
        if self.meter.waits and self._connection is not None:
            with self.step("costs"), suppress(WarehouseError):
                for number, seconds, cost in parse_history(self.query(history_query(self._profile.database))):
                    self.meter.tell(number, seconds, cost)
            self.meter.forget()
        return self.meter.costs(sync)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # A lost session cannot be closed, and ends by itself.
            with suppress(Exception):
                connection.close()

    def _has_schema(self, schema: str) -> bool:
        stored = quote_place(schema)[1:-1].replace('""', '"')
        seen = f"SELECT 1 FROM {self._profile.database}.INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = ?"
        return bool(self.query(seen, (stored,)))

    def _schema(self, schema: str) -> str:
        return f"{self._profile.database}.{quote_place(schema)}"

    @contextmanager
    def _running(self, sql: str, params: Sequence[object]) -> Iterator[tuple[Any, RunningStatement]]:
        """Run one statement; the cursor is at its result."""
        if self._read_only and not sql.lstrip().upper().startswith(_READING):
            raise read_only(sql)
        with self.meter.statement(self.mark, sql) as statement, closing(self._run(sql, params)) as cursor:
            statement.number = cursor.sfqid or ""
            yield cursor, statement

    def _run(self, sql: str, params: Sequence[object]) -> Any:
        try:
            return self._translated(lambda: self._send(sql, params), sql)
        except WarehouseError as error:
            if error.context.get("number") != _MADE_MEANWHILE or "IF NOT EXISTS" not in sql:
                raise
        return self._translated(lambda: self._send(sql, params), sql)

    def _send(self, sql: str, params: Sequence[object]) -> Any:
        connection = self._open()
        self._choice.enter(connection, self.mark.step)
        cursor = connection.cursor()
        # Without parameters, the driver does not search the statement's texts for any.
        return cursor.execute(self.with_mark(sql), *([tuple(params)] if params else []))

    def _translated(self, work: Callable[[], Any], sql: str) -> Any:
        driver = _driver()
        try:
            return work()
        except driver.Error as error:
            said = _server_message(driver, error)
        except OSError as error:
            said = ServerMessage(0, str(error), connection_lost=True)
        except ReverseEtlError:
            raise
        # For example, a type that the connector does not know; its message may hold values.
        except Exception as error:  # noqa: BLE001
            said = ServerMessage(
                _OWN, f"{type(error).__name__} in the connector; its message is not shown, since it may hold values"
            )
        if said.is_lost:
            # The next statement starts another session.
            self.close()
        raise refusal(said, sql, self._profile) from None

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = self._connect()
            try:
                self._choice.begin(self._connection)
            except WarehouseError:
                self.close()
                raise
        return self._connection

    def _execute_on(self, connection: Any, sql: str) -> list[ResultRow]:
        """Run a statement of the session itself, which belongs to no sync."""
        with closing(connection.cursor()) as cursor:
            rows: list[ResultRow] = self._translated(lambda: cursor.execute(sql).fetchall(), sql)
        return rows

    def _connect(self) -> Any:
        driver = _driver()
        trying, tries = self._profile.trying, 0
        while True:
            signing = self._profile.signing()
            try:
                return driver.connect(**_spelled(driver, {**self._profile.options, **signing}))
            # The connector also raises errors of its own libraries, and none of them must show an argument.
            except Exception as error:  # noqa: BLE001
                tries += 1
                if tries > trying.times or not trying.again(error):
                    given = [str(signing[name]) for name in SECRETS if name in signing]
                    words = remove_secrets(str(error), given) or type(error).__name__
                    raise not_opened(words, self._profile, tries) from None
            self._wait.sleep(trying.seconds(tries))


def _spelled(driver: Any, arguments: dict[str, object]) -> dict[str, object]:
    """Return the arguments under the names of this version of the connector."""
    if int(driver.__version__.partition(".")[0]) < 5:
        return arguments
    seconds = int(str(arguments.pop("network_timeout")))
    known = {name: value for name, value in arguments.items() if name not in _UNTIL_4}
    limits = {"query_timeout": seconds, "request_timeout": min(seconds, _REQUEST_TIMEOUT)}
    return {**known, **limits, "enable_server_session_keep_alive_auto_detection": False}


def _server_message(driver: Any, error: Any) -> ServerMessage:
    number = error.errno if isinstance(error.errno, int) else _OWN
    words = getattr(error, "raw_msg", None) or error.msg or ""
    # Connector 5 reports an interrupted reply as an internal error.
    lost = isinstance(error, (driver.OperationalError, driver.InternalError))
    return ServerMessage(number, words, error.sfqid or "", connection_lost=lost)


def _driver() -> Any:
    try:
        import pyarrow as pa
        import snowflake.connector as driver
    except ImportError as error:
        raise missing_driver("Snowflake", error.name) from error
    del pa
    # Its warnings are about proxies and telemetry, and would appear between our own messages.
    logging.getLogger("snowflake.connector").setLevel(logging.ERROR)
    return driver
