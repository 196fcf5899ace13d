"""Reads which tables of a sync exist, and whether they hold anything."""

from __future__ import annotations

from reverse_etl.snapshot.columns.row_layout import StoredTables
from reverse_etl.snapshot.tables import Tables
from reverse_etl.warehouses.base import Reader


def read_stored_tables(reader: Reader, tables: Tables) -> StoredTables:
    """Return the existing tables of a sync."""
    columns, rejections = reader.columns(tables.snapshot) or (), reader.columns(tables.rejections)
    return StoredTables(
        {column.name: column.type for column in columns},
        has_rejections=rejections is not None,
        notes_requests="request_rows" in {column.name.lower() for column in rejections or ()},
    )


def are_blank(reader: Reader, tables: Tables, stored: StoredTables) -> bool:
    """Return whether a sync has no entry, not even a tombstone, and no row of it was ever held back or failed."""
    sync = reader.dialect.literal(tables.sync)
    sources = [tables.snapshot] if stored.columns else []
    sources += [f"{tables.rejections} WHERE sync = {sync}"] if stored.has_rejections else []
    rows = " UNION ALL ".join(f"SELECT 1 FROM {source}" for source in sources)
    return not (rows and reader.query(f"{rows} LIMIT 1"))
