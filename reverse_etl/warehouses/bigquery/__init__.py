"""The adapter for BigQuery: profile, sign-in, SQL, types, jobs and errors."""

from __future__ import annotations

from reverse_etl.warehouses.bigquery.warehouse import BigQuery

__all__ = ["BigQuery"]
