"""Facts about the tables of a sync that cost little to read: no value of a row is among them."""

from __future__ import annotations

from dataclasses import dataclass

from reverse_etl.snapshot.tables import Tables
from reverse_etl.warehouses.base import Reader


@dataclass(frozen=True)
class SnapshotFacts:
    """Live `entries` of a sync snapshot, the `newest` fence of one, and what must be looked at again.

    `unsettled` entries are live and not accepted. `held` are rows of the sync in the table of rejections.
    """

    entries: int
    newest: int
    unsettled: int
    held: int


def read_facts(reader: Reader, tables: Tables) -> SnapshotFacts:
    """Return the facts about tables that exist, by one statement."""
    entries = (
        "SELECT count(CASE WHEN state <> 'absent' THEN 1 END) AS entries, coalesce(max(fence), 0) AS newest,"
        f" count(CASE WHEN state NOT IN ('accepted', 'absent') THEN 1 END) AS unsettled FROM {tables.snapshot}"
    )
    sync = reader.dialect.literal(tables.sync)
    held = f"SELECT count(*) AS held FROM {tables.rejections} WHERE sync = {sync}"
    [row] = reader.query(f"SELECT e.entries, e.newest, e.unsettled, r.held FROM ({entries}) e CROSS JOIN ({held}) r")
    return SnapshotFacts(*map(int, row))
