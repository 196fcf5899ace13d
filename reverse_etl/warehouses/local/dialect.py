"""DuckDB's SQL over a model that was copied into a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from reverse_etl.warehouses.columns import Column, ColumnKind, StoredColumn
from reverse_etl.warehouses.dialect import Dialect
from reverse_etl.warehouses.duckdb import DuckDBDialect

_WITH_PARTS = (ColumnKind.JSON, ColumnKind.ARRAY, ColumnKind.OBJECT)
_NUMBERS = (ColumnKind.NUMBER, ColumnKind.INTEGER)


def fetched_name(name: str) -> str:
    """Return the name of a model's column in the file, where `a` and `A` would be the same."""
    return f"c_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


class LocalDialect(DuckDBDialect):
    """SQL for columns with the warehouse's kinds and the file's types. Models use the warehouse's SQL."""

    def __init__(self, source: Dialect, there: Mapping[Column, Column]) -> None:
        """`there`: columns as they are here, each with its column in the warehouse."""
        self._source = source
        self._there = there

    def sendable_expression(self, column: Column) -> str:
        return self._source.sendable_expression(self._there.get(column, column))

    def stored_column(self, column: Column) -> StoredColumn:
        stored_column = super().stored_column(replace(column, name=fetched_name(column.name)))
        # Values with parts, and numbers of any size, came as the text of their JSON.
        return replace(stored_column, json=column.type == "VARCHAR" and column.kind in (*_WITH_PARTS, *_NUMBERS))
