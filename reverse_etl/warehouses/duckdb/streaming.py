"""Streams the result of a DuckDB statement as Arrow batches, one at a time in memory."""

from __future__ import annotations

from typing import Any

from reverse_etl.warehouses.duckdb.nested_json import marked_reader


def begin_stream(connection: Any, sql: str, rows: int) -> Any:
    """Return a reader of batches of about `rows` rows. A relation streams; `execute` would collect the whole result."""
    relation = connection.sql(sql)
    return marked_reader(_reader(relation, rows), relation.types)


def _reader(relation: Any, rows: int) -> Any:
    """Return the driver's reader, whose method has another name since 1.5."""
    named = "to_arrow_reader" if hasattr(relation, "to_arrow_reader") else "fetch_record_batch"
    return getattr(relation, named)(rows)
