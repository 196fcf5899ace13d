"""New columns that a definition wants left out: which fields the sync knows, and the warning about the others."""

from __future__ import annotations

from collections.abc import Collection

from reverse_etl.counting import agree, plural
from reverse_etl.guards.columns.new_fields import skips_new_fields
from reverse_etl.sync import Sync
from reverse_etl.warehouses.base import Reader


def read_known_fields(sync: Sync, reader: Reader, snapshot: str, allowed: Collection[str]) -> Collection[str] | None:
    """Return the columns of the sync snapshot, if fields without a column there are left out; else None."""
    if not skips_new_fields(sync, allowed):
        return None
    return {column.name for column in reader.columns(snapshot) or ()}


def left_out_warning(sync: Sync) -> str:
    """Return a warning about columns that are left out; empty if there are none."""
    if not sync.left_out:
        return ""
    count, names = len(sync.left_out), ", ".join(f"`{name}`" for name in sync.left_out)
    return (
        f"{plural(count, 'new column')} {agree(count, 'is', 'are')} not sent: {names}"
        f" (`guards: {{new_fields: skip}}`). To send {agree(count, 'it', 'them')}, run once with `--allow new_fields`"
    )
