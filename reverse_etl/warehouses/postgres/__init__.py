"""The adapter for Postgres 12 and later: profile, SQL, types, statements by psycopg, large results by ADBC."""

from __future__ import annotations

from reverse_etl.warehouses.postgres.warehouse import Postgres

__all__ = ["Postgres"]
