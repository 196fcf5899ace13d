"""The quote around identifiers of each kind of warehouse, for names that dbt writes."""

from __future__ import annotations

# dbt's adapter type: its quote. Empty: dbt leaves names unquoted unless the project asks for quotes.
_QUOTES = {"bigquery": "`", "databricks": "`", "spark": "`", "snowflake": ""}


def identifier_quote(adapter: str) -> str:
    """Return the quote of a dbt adapter type, such as `duckdb`; empty if its names are not quoted by default."""
    return _QUOTES.get(adapter, '"')
