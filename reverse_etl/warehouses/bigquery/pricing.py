"""What BigQuery bills on demand for a query: cloud.google.com/bigquery/pricing."""

from __future__ import annotations

_MEGABYTE = 1 << 20
# A query is billed for at least 10 MB, and for at least 10 MB of each table that it reads.
_LEAST = 10 * _MEGABYTE


def billed_bytes(read: int, tables: int) -> int:
    """Return the bytes that are billed for a query that reads so many bytes of so many tables."""
    rounded = -(-read // _MEGABYTE) * _MEGABYTE
    return max(rounded, _LEAST * max(tables, 1))
