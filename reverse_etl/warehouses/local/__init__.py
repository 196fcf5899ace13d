"""Keeps the state in a local DuckDB file, if the warehouse is only read."""

from __future__ import annotations

from reverse_etl.warehouses.local.warehouse import LocalState, open_local

__all__ = ["LocalState", "open_local"]
