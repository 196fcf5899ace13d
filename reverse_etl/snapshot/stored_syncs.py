"""Finds the syncs that our tables know, even if the project no longer defines them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reverse_etl.provenance import SOURCE, remembered_source, same_relation
from reverse_etl.snapshot.lease import LeaseRow, read_lease
from reverse_etl.snapshot.run_history import RunRow, last_runs
from reverse_etl.snapshot.tables import Tables, tables_of
from reverse_etl.warehouses.base import Reader, Warehouse

# A new key, or a new address of the same project, is still the same sync.
_MAY_DIFFER = ("key_fingerprint", SOURCE)


@dataclass(frozen=True)
class StoredSync:
    """The stored state of one sync. `lease` is None if only its history is left."""

    name: str
    tables: Tables
    lease: LeaseRow | None
    last_run: RunRow | None

    @property
    def entries(self) -> int:
        return self.lease.entries if self.lease is not None else 0

    @property
    def remembered(self) -> Mapping[str, object]:
        return self.lease.destination if self.lease is not None else {}

    @property
    def source(self) -> Mapping[str, object]:
        """Return the relation and the dbt model that fed the sync, if known."""
        return remembered_source(self.remembered)

    @property
    def package(self) -> str:
        """Return the dbt package of that model; empty if not known."""
        _, _, rest = str(self.source.get("model", "")).partition(".")
        return rest.partition(".")[0]

    def is_like(self, now: Mapping[str, object]) -> bool:
        """Return whether a sync that would save `now` sends the same relation as the same object to the same place."""
        relation, other = self.source.get("relation"), remembered_source(now).get("relation")
        same = all(self.remembered.get(name) == value for name, value in now.items() if name not in _MAY_DIFFER)
        return bool(relation and other) and same and same_relation(str(relation), str(other))


def find_stored_syncs(reader: Reader, schema: str) -> list[StoredSync]:
    """Return the syncs that have run or have held rows, by name."""
    shared = tables_of(reader, schema, "")
    known = [table for table in (shared.runs, shared.rejections) if reader.columns(table) is not None]
    if not known:
        return []
    names = reader.query(f" {reader.dialect.union} ".join(f"SELECT sync FROM {table}" for table in known))
    return [_state(reader, tables_of(reader, schema, name)) for name in sorted({str(row[0]) for row in names})]


def find_undefined_syncs(reader: Reader, schema: str, defined: Collection[str]) -> list[StoredSync]:
    """Return the stored state of syncs that the project does not define."""
    return [state for state in find_stored_syncs(reader, schema) if state.name not in defined]


def drop_stored_sync(warehouse: Warehouse, state: StoredSync) -> None:
    """Delete the stored state of a sync. Shared tables come last, because the sync is found by their rows."""
    tables, run = state.tables, state.lease.run if state.lease is not None else None
    plans = [warehouse.table(tables.schema, tables.plan_name(run.fence))] if run is not None else []
    for table in (*plans, tables.snapshot, tables.lease):
        warehouse.execute(f"DROP TABLE IF EXISTS {table}")
    for table in (tables.rejections, tables.runs):
        if warehouse.columns(table) is not None:
            warehouse.execute(f"DELETE FROM {table} WHERE sync = ?", (state.name,))


def _state(reader: Reader, tables: Tables) -> StoredSync:
    lease = read_lease(reader, tables) if reader.columns(tables.lease) is not None else None
    return StoredSync(tables.sync, tables, lease, next(iter(last_runs(reader, tables, 1)), None))
