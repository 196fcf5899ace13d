"""BigQuery, cut into its profile, its sign-in, its words, its types, its jobs and its errors."""

from __future__ import annotations

from reverse_etl.warehouses.bigquery.warehouse import BigQuery

__all__ = ["BigQuery"]
