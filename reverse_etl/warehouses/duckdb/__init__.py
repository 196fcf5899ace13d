"""The adapter for DuckDB: types, SQL, profile fields and driver."""

from __future__ import annotations

from reverse_etl.warehouses.duckdb.dialect import DuckDBDialect, column_of
from reverse_etl.warehouses.duckdb.memory import options_of
from reverse_etl.warehouses.duckdb.warehouse import DuckDB

__all__ = ["DuckDB", "DuckDBDialect", "column_of", "options_of"]
