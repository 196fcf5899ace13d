"""Loads Arrow rows as texts in statements, for warehouses without a better way. Knows no driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from reverse_etl.warehouses.dialect import Dialect

if TYPE_CHECKING:
    import pyarrow as pa


# Snowflake and BigQuery accept statements of one megabyte. Our statements stay far below it.
_ROWS, _CHARACTERS = 500, 200_000


def insert_statements(
    dialect: Dialect, table: str, types: Mapping[str, str], batches: Iterable[pa.RecordBatch]
) -> Iterator[tuple[str, int]]:
    """Yield statements that insert rows into a table, each with its number of rows.

    `types` are the columns of the table, in the order of the batches. A value that does not fit its type becomes NULL.
    """
    names = list(types)
    values = ", ".join(dialect.try_cast(f"r.{name}", kind) for name, kind in types.items())
    for rows in _portions(_texts(batches), dialect):
        source = dialect.rows("r", names, rows)
        yield f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {source}", len(rows)


def _texts(batches: Iterable[pa.RecordBatch]) -> Iterator[Sequence[str | None]]:
    for batch in batches:
        yield from zip(*map(texts_of, batch.columns), strict=True)


def texts_of(column: pa.Array) -> list[str | None]:
    """Return values in the form that SQL reads: as Arrow writes them, plus the zone that Arrow leaves out."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_floating(kind):
        return [None if value is None else _number(value) for value in column.to_pylist()]
    texts = column.cast(pa.string()).to_pylist()
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    return [text and text.replace("Z", "+00") for text in texts] if zoned else texts


def _number(value: float) -> str:
    """Return the shortest text of a float; SQL spells out infinity."""
    return repr(value).replace("inf", "Infinity").replace("nan", "NaN")


def _portions(rows: Iterator[Sequence[str | None]], dialect: Dialect) -> Iterator[list[list[str]]]:
    """Yield rows of literals, as many as fit into a statement."""
    nothing = dialect.null(dialect.text_type)
    portion: list[list[str]] = []
    size = 0
    for row in rows:
        literals = [nothing if text is None else dialect.as_text(dialect.literal(text)) for text in row]
        length = sum(map(len, literals))
        if portion and (len(portion) == _ROWS or size + length > _CHARACTERS):
            yield portion
            portion, size = [], 0
        portion.append(literals)
        size += length
    if portion:
        yield portion
