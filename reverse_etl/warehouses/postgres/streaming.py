"""Reads large results as Arrow through ADBC, with one connection for reading and the types that Postgres sends."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reverse_etl.warehouses.postgres.errors import ServerMessage, StatementRefused
from reverse_etl.warehouses.postgres.quoting import name
from reverse_etl.warehouses.postgres.types import DIGITS

if TYPE_CHECKING:
    import pyarrow as pa

# Types that ADBC reads as they are, by their numbers, which are the same in every database. Others are read as text.
_PLAIN = frozenset((16, 20, 21, 23, 25, 700, 701, 1043, 1082, 1083, 1114, 1184))
_NUMERIC = 1700
_NOT_FINITE = ("NaN", "nan", "Infinity", "-Infinity", "inf", "-inf")
# The driver finds the server's types by the names of their functions, which must not be quoted when it connects.
_PLAIN_NAMES = " options='-c quote_all_identifiers=off'"
_QUOTED = "quote_all_identifiers is on, and the pool keeps it on; run: ALTER ROLE … RESET quote_all_identifiers"
_BATCH_BYTES = 4_000_000


@dataclass(frozen=True)
class Wired:
    """One column of a result: its name and the number of its type. A bounded numeric has its digits and scale too."""

    name: str
    type: int
    precision: int | None = None
    scale: int | None = None


class Stream:
    """A connection that only reads. It is opened when it is first needed, and again after it was lost."""

    def __init__(self, conninfo: str) -> None:
        """`conninfo` is libpq's, and holds secrets."""
        self._conninfo = conninfo
        self._connection: Any = None

    def read(
        self, settings: str, sql: str, columns: Sequence[Wired], rows: int
    ) -> Generator[pa.RecordBatch, None, None]:
        """Yield rows of a query in batches of at most `rows`. `settings` is a query that sets what the query needs.

        Raises StatementRefused. A connection that was lost while it was idle is opened again.
        """
        done = False
        try:
            with closing(self._begin_result(settings, _sent_query(sql, columns))) as batches:
                for batch in batches:
                    found = _plain(batch, columns)
                    yield from (found.slice(start, rows) for start in range(0, found.num_rows, rows))
            done = True
        finally:
            # Without a cancel, the rest of the result would have to be read before the next statement.
            if not done:
                self.close()

    def close(self) -> None:
        """Close the connection. It is safe to close twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def _begin_result(self, settings: str, sql: str) -> Generator[pa.RecordBatch, None, None]:
        """Return the result from its first batch on, with a new connection if the idle one was lost."""
        idle = self._connection is not None
        begun = False
        try:
            for batch in self._batches(settings, sql):
                begun = True
                yield batch
        except StatementRefused as refused:
            if begun or not idle or not refused.message.connection_lost:
                raise
            self.close()
            yield from self._batches(settings, sql)

    def _batches(self, settings: str, sql: str) -> Generator[pa.RecordBatch, None, None]:
        from adbc_driver_postgresql import StatementOptions

        if not self._knows_types(settings):
            self.close()
            self._begin_with_plain_names(settings)
        cursor = _translate_errors(self._connection.cursor)
        try:
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(_BATCH_BYTES)})
            _translate_errors(lambda: cursor.execute(sql))
            # If the connection closes before its cursor, the result is cancelled; otherwise it is read to its end.
            with closing(_translate_errors(cursor.fetch_record_batch)) as reader:
                while (batch := _translate_errors(lambda: next(reader, None))) is not None:
                    yield batch
        finally:
            with suppress(Exception):
                cursor.close()
        _translate_errors(self._connection.rollback)

    def _knows_types(self, settings: str) -> bool:
        """Begin a transaction with its settings. Return whether the driver recognizes text in the result."""
        import pyarrow as pa

        cursor = _translate_errors(self._open().cursor)
        try:
            _translate_errors(lambda: cursor.execute(settings))
            answer = _translate_errors(cursor.fetch_arrow_table)
        finally:
            with suppress(Exception):
                cursor.close()
        return bool(pa.types.is_string(answer.schema.types[0]))

    def _begin_with_plain_names(self, settings: str) -> None:
        """Try again in a session that starts with plain names; a pool may refuse it."""
        before = self._conninfo
        self._conninfo += _PLAIN_NAMES
        try:
            self._knows_types(settings)
        except StatementRefused:
            self._conninfo = before
            raise StatementRefused(ServerMessage("", _QUOTED)) from None

    def _open(self) -> Any:
        if self._connection is None:
            from adbc_driver_postgresql import dbapi

            self._connection = _translate_errors(lambda: dbapi.connect(self._conninfo))
        return self._connection


def _translate_errors(work: Any) -> Any:
    import adbc_driver_manager
    import pyarrow as pa

    try:
        return work()
    # The last two are Arrow's forms of a failure in the middle of a result.
    except (adbc_driver_manager.Error, OSError, pa.ArrowException) as error:
        state = getattr(error, "sqlstate", None) or ""
        words = str(error).partition("ERROR:  ")[2] or str(error)
        gone = (
            "closed the connection",
            "connection to server",
            "no connection to the server",
            "terminating connection",
        )
        raise StatementRefused(
            ServerMessage(state, words, connection_lost=any(sign in str(error) for sign in gone))
        ) from None


def _sent_query(sql: str, columns: Sequence[Wired]) -> str:
    """Return the query with its columns in forms that ADBC reads."""
    places = [f"c{index}" for index in range(len(columns))]
    forms = [
        place if column.type in _PLAIN or column.type == _NUMERIC else f"CAST({place} AS text)"
        for place, column in zip(places, columns, strict=True)
    ]
    chosen = ", ".join(f"{form} AS {name(column.name)}" for form, column in zip(forms, columns, strict=True))
    return f"SELECT {chosen} FROM ({sql}) AS q ({', '.join(places)})"


def _plain(batch: pa.RecordBatch, columns: Sequence[Wired]) -> pa.RecordBatch:
    """Return the batch with numbers for numerics, which come as text, if Arrow has such numbers."""
    import pyarrow as pa

    if all(column.type != _NUMERIC for column in columns):
        return batch
    found = [
        _numbers(values, column) if column.type == _NUMERIC else values
        for values, column in zip(batch.columns, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(found, names=[column.name for column in columns])


def _numbers(values: Any, column: Wired) -> Any:
    """Return decimals if the type is bounded and small enough, doubles for longer fractions, otherwise the text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = values.storage if isinstance(values, pa.ExtensionArray) else values
    finite = pc.if_else(pc.is_in(texts, pa.array(_NOT_FINITE)), None, texts)
    precision, scale = column.precision or 0, column.scale or 0
    # A negative scale stands for zeros before the point.
    digits, places = (precision - scale, 0) if scale < 0 else (max(precision, scale), scale)
    if 0 < digits <= DIGITS:
        return finite.cast(pa.decimal128(digits, places))
    return finite.cast(pa.float64()) if scale > 0 else finite
