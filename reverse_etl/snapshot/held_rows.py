"""SQL that reads which rows are held back, from the table of rejections; it runs nothing."""

from __future__ import annotations

from reverse_etl.snapshot.tables import Tables
from reverse_etl.warehouses.base import Dialect


def held(dialect: Dialect, tables: Tables) -> str:
    """Quarantined values: one row a key and digest that is not to be sent again yet."""
    waiting = f"(retry_at IS NULL OR retry_at > {dialect.now()})"
    return (
        f"SELECT DISTINCT identity, key_text, digest FROM {tables.rejections}"
        f" WHERE sync = {dialect.literal(tables.sync)}"
        f" AND state IN ('rejected', 'skipped') AND {waiting}"
    )


def refused_removals(dialect: Dialect, tables: Tables) -> str:
    """Identities whose removal Iterable refused: a removed row has no values, and so no digest."""
    return (
        f"SELECT identity FROM {tables.rejections} WHERE sync = {dialect.literal(tables.sync)}"
        " AND state = 'rejected' AND digest IS NULL AND identity IS NOT NULL"
        f" AND (retry_at IS NULL OR retry_at > {dialect.now()})"
    )


def forgotten(dialect: Dialect, tables: Tables) -> str:
    """Identities that Iterable was told to forget: never sent again, whatever their values."""
    sync = dialect.literal(tables.sync)
    return f"SELECT DISTINCT identity FROM {tables.rejections} WHERE sync = {sync} AND state = 'suppressed'"
