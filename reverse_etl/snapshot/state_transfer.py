"""Copies the stored state of one sync to another place, as a stream of rows. Does not acquire the lease.

Row hashes are not copied: they work only in the warehouse that computed them. If the other place cannot store a value
unchanged, its entry becomes `unknown`, and the row is sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from reverse_etl.errors import WarehouseError
from reverse_etl.snapshot.columns.row_layout import RowLayout
from reverse_etl.snapshot.run_history import widen_runs
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.tables import LEFT_AT, create_table, origin_columns, response_columns, slug
from reverse_etl.warehouses.base import Warehouse

_ROWS = 10_000
_IDENTITIES_A_STATEMENT = 500


class StateTransfer:
    """A transfer between two stores of the same sync. Their dialects and types may differ."""

    def __init__(self, here: SnapshotStore, there: SnapshotStore) -> None:
        """Nothing is copied yet."""
        self._here = here
        self._there = there

    def entries(self) -> int:
        """Replace the target's sync snapshot with the live entries of the source.

        Return their number. Raises WarehouseError.
        """
        here, there = self._here, self._there
        there.keep_fields(here.leave_out_new_fields())
        here.prepare_snapshot()
        there.warehouse.execute(f"DROP TABLE IF EXISTS {there.tables.snapshot}")
        there.prepare_snapshot()
        dialect = there.warehouse.dialect
        types = {**_types(there), "state": dialect.text_type, "fence": dialect.integer_type}
        types["changed_at"] = types[LEFT_AT] = dialect.timestamp_type
        rows = f"SELECT {', '.join(types)} FROM {here.tables.snapshot} WHERE state <> 'absent'"
        loaded = there.warehouse.load(there.tables.snapshot, types, here.warehouse.batches(rows, _ROWS))
        if not loaded == here.live_entries() == there.live_entries():
            raise WarehouseError(
                "move-incomplete",
                f"sync `{here.sync.name}`: not every entry arrived",
                context={"entries": here.live_entries(), "arrived": there.live_entries()},
                hint="Run the command again. The current state was not changed.",
            )
        return loaded

    def doubt_differences(self, among: Warehouse) -> int:
        """Compare the copied rows with the source, and make entries that differ `unknown`. Return their number.

        `among` is the warehouse, of the two, whose types can hold the values of both.
        """
        source, other = (self._here, self._there) if among is self._here.warehouse else (self._there, self._here)
        name = f"moved__{slug(source.sync.name)}"
        table, types = among.table(source.tables.schema, name), _types(source)
        among.execute(f"DROP TABLE IF EXISTS {table}")
        among.execute(create_table(among.dialect, table, list(types.items()), "identity"))
        try:
            rows = f"SELECT {', '.join(types)} FROM {other.tables.snapshot} WHERE state <> 'absent'"
            among.load(table, types, other.warehouse.batches(rows, _ROWS))
            return self._doubt(_identities(among, _different(source, table, list(types))))
        finally:
            among.execute(f"DROP TABLE IF EXISTS {table}")

    def rejections(self) -> int:
        """Replace the target's held rows. A digest works only in the warehouse that computed it."""
        self._here.fit_rejections()
        dialect = self._there.warehouse.dialect
        types = dict.fromkeys(("identity", "key_text", "digest", "state", "code", "reason"), dialect.text_type)
        types |= dict.fromkeys(("schema_version", "fence", "ordinal"), dialect.integer_type)
        types |= dict.fromkeys(("seen_at", "retry_at"), dialect.timestamp_type)
        types["tainted"] = dialect.boolean_type
        types |= dict(response_columns(dialect))
        return self._replace(self._here.tables.rejections, self._there.tables.rejections, types)

    def runs(self) -> int:
        """Replace the target's run history."""
        for store in (self._here, self._there):
            widen_runs(store.warehouse, store.tables)
        dialect = self._there.warehouse.dialect
        types = dict.fromkeys(("invocation_id", "status", "counts", "problem"), dialect.text_type)
        types |= dict(origin_columns(dialect))
        types |= dict.fromkeys(("schema_version", "fence"), dialect.integer_type)
        types |= dict.fromkeys(("started_at", "ended_at"), dialect.timestamp_type)
        return self._replace(self._here.tables.runs, self._there.tables.runs, types)

    def _replace(self, here: str, there: str, types: dict[str, str]) -> int:
        source, target = self._here.warehouse, self._there.warehouse
        types = {**types, "sync": target.dialect.text_type}
        name = self._here.sync.name
        target.execute(f"DELETE FROM {there} WHERE sync = {target.dialect.literal(name)}")
        rows = f"SELECT {', '.join(types)} FROM {here} WHERE sync = {source.dialect.literal(name)}"
        return target.load(there, types, source.batches(rows, _ROWS))

    def _doubt(self, identities: Iterator[str]) -> int:
        target, count = self._there.warehouse, 0
        while some := list(islice(identities, _IDENTITIES_A_STATEMENT)):
            listed = ", ".join(map(target.dialect.literal, some))
            count += target.execute(
                f"UPDATE {self._there.tables.snapshot} SET state = 'unknown'"
                f" WHERE state = 'accepted' AND identity IN ({listed})"
            )
        return count


def _types(store: SnapshotStore) -> dict[str, str]:
    """Return the columns that hold what was sent, with their types."""
    layout: RowLayout = store.layout
    parts = [(part.name, part.type) for parts in (layout.keys, layout.values) for part in parts]
    return {"identity": store.warehouse.dialect.text_type, **dict(parts)}


def _different(store: SnapshotStore, table: str, names: Sequence[str]) -> str:
    """Return SQL for identities whose row in a table differs from the sync snapshot."""
    unequal = " OR ".join(f"s.{name} IS DISTINCT FROM t.{name}" for name in names)
    return (
        f"SELECT s.identity AS identity FROM {store.tables.snapshot} s LEFT JOIN {table} t"
        f" ON t.identity = s.identity WHERE s.state <> 'absent' AND ({unequal})"
    )


def _identities(warehouse: Warehouse, sql: str) -> Iterator[str]:
    return chain.from_iterable(batch.column(0).to_pylist() for batch in warehouse.batches(sql, _ROWS))
