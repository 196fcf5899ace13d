"""State in a local DuckDB file, for a warehouse that is only read."""

from __future__ import annotations

from reverse_etl.warehouses.local.warehouse import LocalState, open_local

__all__ = ["LocalState", "open_local"]
