"""Merges the result of a run into the sync snapshot, in parts if the warehouse has too little memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reverse_etl.errors import OUT_OF_MEMORY, WarehouseError
from reverse_etl.snapshot.columns.row_layout import RowLayout
from reverse_etl.snapshot.lease import OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.sql.commit.adoption import Adoption
from reverse_etl.snapshot.sql.commit.merge import WHOLE, Merge, Part
from reverse_etl.snapshot.tables import LEFT_AT, VALUE_PREFIX, Tables
from reverse_etl.warehouses.base import Warehouse

# A tombstone is kept longer than any statement of a crashed run can take, and for three runs.
_TOMBSTONE_SECONDS = 86_400.0
_TOMBSTONE_RUNS = 3


class SnapshotMerger:
    """Writes what runs did into the sync snapshot of one sync. Each step is one statement that can be repeated."""

    def __init__(self, warehouse: Warehouse, tables: Tables, layout: RowLayout) -> None:
        """The sync snapshot has the columns of `layout`."""
        self._warehouse = warehouse
        self._tables = tables
        self._layout = layout

    def merge(self, run: OpenRun, untouched: Ranges) -> None:
        """Merge the outcomes of a run. Rows below its credit without an outcome become `unknown`."""
        merge = self._merge_of(run.fence)
        self._write(merge, run.fence, lambda part: merge.outcomes(run, untouched, part), WHOLE)

    def adopt(self, fence: int, adoption: Adoption) -> None:
        """Merge planned rows as accepted, although they were not sent."""
        merge, dialect = self._merge_of(fence), self._warehouse.dialect
        for some in adoption.portions(dialect.most_ranges):
            self._write(merge, fence, partial(some.outcomes, dialect, merge.plan), some.part)

    def _write(self, merge: Merge, fence: int, outcomes: Callable[[Part], str], part: Part) -> None:
        """Write rows of one part of the plan. `outcomes` selects the rows of a part, with their new state."""
        if not self._append(merge.into_empty(outcomes(part), fence)):
            self._merge_part(merge.plan, lambda half: merge.of_outcomes(outcomes(half), fence), part)

    def _append(self, statement: str) -> bool:
        """Add rows to an empty sync snapshot. Return False if it is not empty, or nothing was added.

        A merge is right in every case. So it follows if another run wrote an entry just before the statement, and if
        memory is too small.
        """
        if not statement or self._warehouse.query(f"SELECT 1 FROM {self._tables.snapshot} LIMIT 1"):
            return False
        try:
            return self._warehouse.execute(statement) > 0
        except WarehouseError as error:
            if error.code != OUT_OF_MEMORY:
                raise
        self._warehouse.free_memory()
        return False

    def _merge_of(self, fence: int) -> Merge:
        """Return the merge by the columns of the plan: a crashed run may have planned with an older definition."""
        plan, columns = self._plan_table(fence), self._columns_of(self._tables.snapshot)
        planned = [name for name in self._columns_of(plan) if name.startswith(VALUE_PREFIX)]
        stored = [name for name in columns if name.startswith(VALUE_PREFIX)]
        return Merge(
            self._warehouse.dialect,
            self._tables,
            plan,
            keys=[key.name for key in self._layout.keys],
            values=planned,
            skipping={value.name for value in self._layout.values if value.skips_nulls},
            unmapped=[name for name in stored if name not in planned],
            notes_rows_left=LEFT_AT in columns,
        )

    def _merge_part(self, plan: str, statement: Callable[[Part], str], part: Part) -> None:
        """Merge one part, in halves if the warehouse has too little memory for all of it. Raises WarehouseError."""
        try:
            self._warehouse.execute(statement(part))
        except WarehouseError as error:
            halves = self._halves(plan, part) if error.code == OUT_OF_MEMORY else []
            if not halves:
                raise
            for half in halves:
                self._warehouse.free_memory()
                self._merge_part(plan, statement, half)

    def _halves(self, plan: str, part: Part) -> list[Part]:
        """Return two parts with about the same number of ordinals; none if there is only one row."""
        [(first, last)] = self._warehouse.query(
            f"SELECT min(ordinal), max(ordinal) FROM {plan} WHERE ordinal >= {part.start} AND ordinal < {part.end}"
        )
        if first is None or first == last:
            return []
        middle = (int(first) + int(last) + 1) // 2
        return [Part(part.start, middle), Part(middle, part.end)]

    def refresh_hashes(self) -> None:
        """Compute hashes from the stored values, never from the model: a hash must not claim more than its entry."""
        hash_inputs = self._warehouse.dialect.row_hash(self._layout.hash_inputs())
        self._warehouse.execute(
            f"UPDATE {self._tables.snapshot} SET row_hash = {hash_inputs}"
            f" WHERE state = 'accepted' AND row_hash IS DISTINCT FROM {hash_inputs}"
        )

    def prune_tombstones(self, fence: int) -> int:
        """Delete tombstones that no late statement of an earlier run needs. Return the number of live entries.

        A DELETE costs as much as reading the whole table, even if it finds no row. So it runs only if one is due.
        """
        dialect, snapshot = self._warehouse.dialect, self._tables.snapshot
        due = (
            f"state = 'absent' AND fence <= {int(fence) - _TOMBSTONE_RUNS}"
            f" AND changed_at < {dialect.add_seconds(dialect.now(), -_TOMBSTONE_SECONDS)}"
        )
        counts = ", ".join(f"count(CASE WHEN {test} THEN 1 END)" for test in ("state <> 'absent'", due))
        [(live, old)] = self._warehouse.query(f"SELECT {counts} FROM {snapshot}")
        if old:
            self._warehouse.execute(f"DELETE FROM {snapshot} WHERE {due}")
        return int(live)

    def _plan_table(self, fence: int) -> str:
        return self._warehouse.table(self._tables.schema, self._tables.plan_name(fence))

    def _columns_of(self, table: str) -> dict[str, str]:
        return {column.name: column.type for column in self._warehouse.columns(table) or ()}
