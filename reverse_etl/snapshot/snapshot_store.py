"""The writes of a run on the sync snapshot: prepare, recover, plan, record, commit. Each step is one statement.

Main invariant: an entry never claims more than the destination holds. An entry is `accepted` (the destination holds
exactly these values), `unknown` (it may hold something else) or `absent` (it holds nothing from us).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reverse_etl.errors import ConfigError, WarehouseError
from reverse_etl.snapshot.columns.chosen_rows import ChosenRows
from reverse_etl.snapshot.columns.row_layout import RowLayout
from reverse_etl.snapshot.lease import Lease, LeaseRow, OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.snapshot_merger import SnapshotMerger
from reverse_etl.snapshot.snapshot_reader import SnapshotReader
from reverse_etl.snapshot.sql.commit.adoption import Adoption
from reverse_etl.snapshot.sql.rows_left import note_rows_left
from reverse_etl.snapshot.sql.type_changes import cast_of, find_type_changes, hash_after, state_after
from reverse_etl.snapshot.tables import (
    LEFT_AT,
    NOTES_FROM,
    REMOVALS_FROM,
    create_lease,
    create_rejections,
    create_runs,
    create_snapshot,
    response_columns,
    widen_table,
)
from reverse_etl.sync import Sync
from reverse_etl.warehouses.base import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from reverse_etl.snapshot.sql.diff import Diff


@dataclass(frozen=True)
class Recovery:
    """What a crashed run left: live entries, and rows of the run that are `unknown` or were removed."""

    entries: int = 0
    unknown: int = 0
    removed: int = 0


class SnapshotStore(SnapshotReader):
    """The sync snapshot of one sync, for the run that holds its lease."""

    def __init__(
        self,
        warehouse: Warehouse,
        schema: str,
        sync: Sync,
        layout: RowLayout,
        chosen: ChosenRows | None = None,
        full_because: str = "",
    ) -> None:
        """`prepare_lease` creates the state schema."""
        super().__init__(warehouse, schema, sync, layout, chosen, full_because)
        self._warehouse = self.warehouse = warehouse
        self._hashes_gone = False
        self._retyped: frozenset[str] = frozenset()
        self._live: int | None = None

    def prepare_lease(self, lineage: str, salt: str) -> LeaseRow:
        """Create what the lease needs, if it is missing. The first call uses `lineage` and `salt`, which are random."""
        row = self.lease_row()
        if row is None:
            dialect = self._warehouse.dialect
            self._warehouse.create_schema(self.tables.schema)
            self._warehouse.execute(create_rejections(dialect, self.tables))
            self._warehouse.execute(create_runs(dialect, self.tables))
            # The lease comes last: a run that finds it creates nothing.
            self._warehouse.execute(create_lease(dialect, self.tables, lineage, salt))
            row = self.lease_row()
        if row is None:
            raise ConfigError(
                "state-not-created",
                "the tables of reverse-etl could not be created",
                context={"table": self.tables.lease},
                hint="Grant this user the right to create tables in the state schema.",
            )
        self.fit_rejections()
        return row

    def fit_rejections(self) -> None:
        """Add columns that a table of an earlier version lacks."""
        dialect, there = self._warehouse.dialect, self._columns_of(self.tables.rejections)
        missing = [column for column in response_columns(dialect) if there and column[0] not in there]
        for statement in widen_table(dialect, self.tables.rejections, missing):
            self._warehouse.execute(statement)

    def repair(self, newest: int) -> None:
        """Create missing tables, and raise the fence so that no later run is older than the sync snapshot."""
        dialect = self._warehouse.dialect
        self._warehouse.execute(create_rejections(dialect, self.tables))
        self._warehouse.execute(create_runs(dialect, self.tables))
        self._warehouse.execute(f"UPDATE {self.tables.lease} SET fence = {int(newest)} WHERE fence < {int(newest)}")

    def prepare_snapshot(self) -> None:
        """Create the sync snapshot, or change its columns to match the definition.

        Old hashes, and values that a new type cannot hold, are cleared before a column changes.
        """
        if self._rekeyed:
            self.clear()
        columns = self._columns_of(self.tables.snapshot)
        if not columns:
            self._warehouse.execute(create_snapshot(self._warehouse.dialect, self.tables, self.layout))
            return
        dialect, table = self._warehouse.dialect, self.tables.snapshot
        retyped = find_type_changes(self.layout.values, columns)
        added = [value for value in self.layout.values if value.name not in columns]
        if retyped or added:
            self._warehouse.execute(
                f"UPDATE {table} SET row_hash = {hash_after(dialect, retyped, 'NULL')},"
                f" state = {state_after(dialect, retyped)} WHERE 1 = 1"
            )
            self._hashes_gone = True
            self._retyped = frozenset(one.name for one in retyped)
        missing = {value.name: value.type for value in added}
        missing |= {} if LEFT_AT in columns else {LEFT_AT: dialect.timestamp_type}
        changes = dialect.retype(table, {one.name: (one.new, cast_of(dialect, one.name, one.new)) for one in retyped})
        for statement in [*changes, *dialect.add_columns(table, missing)]:
            self._warehouse.execute(statement)

    def clear(self) -> None:
        """Delete what was accepted and refused. Suppressed identities stay suppressed."""
        sync = self._warehouse.dialect.literal(self.tables.sync)
        self._warehouse.execute(f"DROP TABLE IF EXISTS {self.tables.snapshot}")
        self._warehouse.execute(f"DELETE FROM {self.tables.rejections} WHERE sync = {sync} AND state <> 'suppressed'")
        self._rekeyed = False

    def recover(self, lease: Lease, run: OpenRun) -> Recovery:
        """Roll the journal of a crashed run forward, as its own commit would have done.

        If its plan is lost, the rows that it sent are not known, and every entry becomes `unknown`.
        """
        if self._warehouse.columns(self._plan(run.fence)) is not None:
            self._merger().merge(run, Ranges())
        elif run.credit:
            self.forget_acceptance()
        found = self._count_recovered(run.fence)
        if lease.close_run(found.entries):
            self._drop_plan(run.fence)
        return found

    def forget_acceptance(self) -> None:
        """Make every accepted entry `unknown`, or every chosen one, so that it is sent again.

        Removed rows are still detected.
        """
        self._retyped = frozenset()
        identities = self.diff().chosen_identities()
        chosen = f" AND identity IN ({identities})" if identities else ""
        self._warehouse.execute(f"UPDATE {self.tables.snapshot} SET state = 'unknown' WHERE state = 'accepted'{chosen}")

    def write_plan(self, diff: Diff, fence: int) -> dict[str, int]:
        """Write the plan table of this fence; return rows by kind. A second call changes nothing."""
        plan = self._plan(fence)
        if self._warehouse.columns(plan) is None:
            self._write_plan(replace(diff, just_retyped=self._retyped), plan)
        rows = self._warehouse.query(f"SELECT kind, count(*) FROM {plan} GROUP BY kind")
        return {kind: int(count) for kind, count in rows}

    def ordinal_of_row(self, fence: int, number: int) -> int:
        """Return the ordinal of a row of the plan to write; `number` counts from 0 and leaves out invalid rows."""
        chosen = f"kind <> 'invalid' AND ordinal < {REMOVALS_FROM}"
        first = f"SELECT ordinal FROM {self._plan(fence)} WHERE {chosen} ORDER BY ordinal LIMIT {int(number) + 1}"
        [(ordinal,)] = self._warehouse.query(f"SELECT max(ordinal) FROM ({first}) x")
        return int(ordinal)

    def count_planned(self, fence: int, condition: str) -> int:
        """Return how many rows of the plan `p` that can be sent meet a condition."""
        chosen = f"p.kind <> 'invalid' AND p.ordinal < {NOTES_FROM} AND ({condition})"
        return int(self._warehouse.query(f"SELECT count(*) FROM {self._plan(fence)} p WHERE {chosen}")[0][0])

    def count_paused_rows(self, fence: int) -> tuple[int, int]:
        """Return how many rows of the plan wait for a pause: rows to be written, and removed rows."""
        rows = self._warehouse.query(f"SELECT kind, count(*) FROM {self._plan(fence)} WHERE waits = 1 GROUP BY kind")
        counts = {kind: int(count) for kind, count in rows}
        removed = counts.pop("removed", 0)
        return sum(counts.values()), removed

    def _write_plan(self, diff: Diff, plan: str) -> None:
        try:
            self._warehouse.execute(self._warehouse.prepare(diff.plan(plan)))
        except WarehouseError as error:
            easier = diff.easier(error.code)
            if easier is None:
                raise
            self._write_plan(easier, plan)

    def check_plan(self, fence: int) -> None:
        """Refuse a plan whose types differ from the sync snapshot's. Raises WarehouseError."""
        found = {column.name: column.type for column in self._warehouse.columns(self._plan(fence)) or ()}
        moved = [value for value in self.layout.values if found.get(value.name) != value.type]
        if moved:
            self._drop_plan(fence)
            raise WarehouseError(
                "model-changed",
                f"sync `{self.sync.name}`: the model's columns changed while the run began",
                context={value.field.label: f"{value.type} before, {found.get(value.name)} now" for value in moved},
                hint="Run again. Nothing was sent.",
            )

    def planned(self, fence: int, start: int, end: int, batch: int) -> Iterator[pa.RecordBatch]:
        """Yield rows of the plan with `start` <= ordinal < `end`, in order, with their values."""
        names = ", ".join(["ordinal", "kind", "identity", "changed", *(value.name for value in self.layout.values)])
        chosen = f"ordinal >= {int(start)} AND ordinal < {int(end)}"
        return self._warehouse.batches(
            f"SELECT {names} FROM {self._plan(fence)} WHERE {chosen} ORDER BY ordinal", batch
        )

    def changed_fields(self, fence: int) -> dict[str, int]:
        """Return how many changed rows of the plan differ in each field."""
        sums = [
            f"sum(CASE WHEN ',' || changed LIKE '%,{n},%' THEN 1 ELSE 0 END)" for n in range(len(self.layout.values))
        ]
        if not sums:
            return {}
        row = self._warehouse.query(f"SELECT {', '.join(sums)} FROM {self._plan(fence)} WHERE kind = 'changed'")[0]
        return {value.field.label: int(n) for value, n in zip(self.layout.values, row, strict=True) if n}

    def count_planned_values(self, fence: int, column: str, most: int = 1_000) -> dict[str, int]:
        """Return how many written rows of the plan have each value of a column: the `most` frequent values as text."""
        rows = self._warehouse.query(
            f"SELECT {column}, count(*) FROM {self._plan(fence)} WHERE kind IN ('added', 'changed', 'resent')"
            f" GROUP BY {column} ORDER BY 2 DESC, 1 LIMIT {int(most)}"
        )
        return {str(value): int(count) for value, count in rows}

    def commit(self, run: OpenRun, untouched: Ranges, *, stale: bool, moved: bool = False) -> None:
        """Merge what the run did into the sync snapshot; if some rows are `stale`, correct the stored hashes.

        `untouched` are ordinals below the credit that this process knows were never sent. `moved`: the plan lists rows
        that left the model or came back.
        """
        merger = self._merger()
        merger.merge(run, untouched)
        if stale or self._hashes_gone:
            merger.refresh_hashes()
        for statement in (
            note_rows_left(self._warehouse.dialect, self.tables, self._plan(run.fence), run.fence) if moved else ()
        ):
            self._warehouse.execute(statement)
        self._live = merger.prune_tombstones(run.fence)

    def adopt(self, fence: int, adoption: Adoption) -> None:
        """Merge planned rows into the sync snapshot as accepted, although they were not sent."""
        self._merger().adopt(fence, adoption)

    def finish(self, fence: int) -> None:
        """Drop the plan of a closed run."""
        self._drop_plan(fence)

    def live_entries(self) -> int:
        """Return the number of entries that are not tombstones, as the commit counted them."""
        if self._live is not None:
            return self._live
        return int(self._warehouse.query(f"SELECT count(*) FROM {self.tables.snapshot} WHERE state <> 'absent'")[0][0])

    def _merger(self) -> SnapshotMerger:
        return SnapshotMerger(self._warehouse, self.tables, self.layout)

    def _columns_of(self, table: str) -> dict[str, str]:
        return {column.name: column.type for column in self._warehouse.columns(table) or ()}

    def _plan(self, fence: int) -> str:
        return self._warehouse.table(self.tables.schema, self.tables.plan_name(fence))

    def _drop_plan(self, fence: int) -> None:
        self._warehouse.execute(f"DROP TABLE IF EXISTS {self._plan(fence)}")

    def _count_recovered(self, fence: int) -> Recovery:
        if not self._columns_of(self.tables.snapshot):
            return Recovery()
        of_run = f"fence = {int(fence)} AND state"
        tests = ("state <> 'absent'", f"{of_run} = 'unknown'", f"{of_run} = 'absent'")
        counts = ", ".join(f"count(CASE WHEN {test} THEN 1 END)" for test in tests)
        [row] = self._warehouse.query(f"SELECT {counts} FROM {self.tables.snapshot}")
        return Recovery(*map(int, row))
