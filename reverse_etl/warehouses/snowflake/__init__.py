"""The adapter for Snowflake: profile, SQL, types, and its connector of versions 4 and 5."""

from __future__ import annotations

from reverse_etl.warehouses.snowflake.warehouse import Snowflake

__all__ = ["Snowflake"]
