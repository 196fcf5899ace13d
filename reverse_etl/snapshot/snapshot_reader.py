"""Reads everything that a run or a plan needs before it decides. It only reads, so read-only rights are enough."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from reverse_etl.errors import ConfigError
from reverse_etl.guards.amount.removed import removal_limit
from reverse_etl.guards.start.oldest_row import OldestRow
from reverse_etl.guards.value.column_drift import drift_limit
from reverse_etl.guards.value.drift import Drift
from reverse_etl.provenance import FIELDS, SOURCE, remembered_source
from reverse_etl.snapshot.columns.chosen_rows import ChosenRows
from reverse_etl.snapshot.columns.mapping import edited_fields
from reverse_etl.snapshot.columns.row_layout import RowLayout, StoredTables
from reverse_etl.snapshot.columns.stored_tables import are_blank, read_stored_tables
from reverse_etl.snapshot.counting.chosen_counts import count_chosen
from reverse_etl.snapshot.counting.comparer import count_differences
from reverse_etl.snapshot.counting.counts import DiffCounts
from reverse_etl.snapshot.counting.drifted_fields import find_drifts
from reverse_etl.snapshot.incremental.scope import ComparisonScope, scope_finder, with_scope
from reverse_etl.snapshot.integrity import (
    IntegrityProblem,
    TableFacts,
    find_integrity_problem,
    holds_no_row,
    is_first_run,
)
from reverse_etl.snapshot.lease import LeaseRow, check_not_moved, read_lease
from reverse_etl.snapshot.model_versions.comparison_note import ComparedVersion
from reverse_etl.snapshot.run_history import had_accepted_rows, recent_removals
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.snapshot.sql.plan.first_diff import FirstDiff
from reverse_etl.snapshot.sql.row_times import epoch_seconds, oldest_of
from reverse_etl.snapshot.tables import SCHEMA_VERSION, Tables, tables_of
from reverse_etl.sync import Sync
from reverse_etl.warehouses.base import Reader, ResultRow
from reverse_etl.warehouses.statements import Statements


@dataclass(frozen=True)
class SnapshotStatus:
    """The state of one sync: its lease (None before the first run), and how the model differs from the snapshot.

    `removed_before` counts rows that earlier runs removed within the hours of the guard `removed`. `integrity_problem`
    is what is wrong with the tables themselves. `is_first_run`: no row was accepted yet, or none since a reset, or the
    first run left rows.
    `drifts` are fields whose values drifted. `unknown_keys` are keys of chosen rows that no row has.
    `oldest_row` is only known in a first run of things that happened. `scope` says which rows were compared, if the
    sync is incremental.
    `version` is the model's before the comparison, if a later change cannot have the same. `not_compared_since`: the
    model has not changed since that time (UTC text), so nothing was compared, and counts of the model are not known.
    """

    lease: LeaseRow | None
    counts: DiffCounts
    diff: Diff
    removed_before: int = 0
    integrity_problem: IntegrityProblem | None = None
    drifts: tuple[Drift, ...] = ()
    is_first_run: bool = False
    unknown_keys: tuple[str, ...] = ()
    oldest_row: OldestRow | None = None
    scope: ComparisonScope | None = None
    version: ComparedVersion | None = None
    not_compared_since: str = ""

    @property
    def remembered(self) -> Mapping[str, object]:
        """Return the destination of the accepted rows; empty if there are none."""
        return {} if self.lease is None or self.lease.is_empty else self.lease.destination

    def keeps_rows_of(self, diff: Diff, fence: int) -> bool:
        """Return whether the rows that this comparison kept are still what a plan of `diff` by this run must list.

        No other run has used the lease since, and our tables are as they were. The next run sees a changed model.
        """
        if not self.diff.keeps_rows or self.lease is None or isinstance(diff, FirstDiff):
            return False
        was_free = self.lease.holder is None and self.lease.run is None and fence == self.lease.fence + 1
        return was_free and (diff.stored, diff.layout) == (self.diff.stored, self.diff.layout)

    @property
    def needs_update(self) -> bool:
        """Return whether the sync snapshot must follow an edit of the definition or the model, or save its relation."""
        edited = bool(self.diff.edited)
        edited = edited or (bool(self.diff.stored.columns) and not self.diff.stored.fits(self.diff.layout))
        unnoted = self.lease is not None and bool(self.lease.destination) and SOURCE not in self.lease.destination
        return edited or unnoted


class SnapshotReader:
    """Reads the sync snapshot of one sync."""

    def __init__(
        self,
        reader: Reader,
        schema: str,
        sync: Sync,
        layout: RowLayout,
        chosen: ChosenRows | None = None,
        full_because: str = "",
    ) -> None:
        """`layout` is the sync's layout over the current model. `chosen`: leave all other rows out.

        `full_because`: why all rows of an incremental sync are compared, if the command says so.
        """
        self._reader = reader
        self.sync = sync
        self.layout = layout
        self._chosen = chosen
        self._full_because = full_because
        self.tables: Tables = tables_of(reader, schema, sync.name)
        self._fetched = False
        # The sync snapshot has another key and holds no rows, so it is created again.
        self._rekeyed = False
        # The entries that the lease counted when it was last read.
        self._entries = 0

    def read_status(self, *, thorough: bool = False, resends: bool = False) -> SnapshotStatus:
        """Compare once. Compare a second time by values if equal rows may hide duplicates.

        `resends`: treat every value in the destination as unknown.
        """
        lease = self.lease_row()
        if lease is not None:
            self.check_lease(lease)
        return self.compare(lease, thorough=thorough, resends=resends)

    def compare(
        self,
        lease: LeaseRow | None,
        *,
        thorough: bool = False,
        resends: bool = False,
        scope: ComparisonScope | None = None,
    ) -> SnapshotStatus:
        """Compare model and snapshot, without a look at the lease. `scope`: compare the rows of an earlier comparison.

        A quick comparison cannot judge tables that do not fit together, so then all rows are compared.
        """
        self._fetch()
        scope = scope or self._find_scope(lease)
        status = self._compare_rows(lease, scope, thorough=thorough, resends=resends)
        if scope is None or scope.recent is None or status.integrity_problem is None:
            return status
        whole = scope.as_full("the tables of reverse-etl do not fit together")
        return self._compare_rows(lease, whole, thorough=thorough, resends=resends)

    def _find_scope(self, lease: LeaseRow | None) -> ComparisonScope | None:
        if self.sync.incremental is None:
            return None
        diff = self.diff()
        finder = scope_finder(self._reader, self.sync, diff, self._full_because)
        edited = self._edited_fields(lease, diff.stored)
        return finder.find(lease, replace(diff, edited=edited)) if finder is not None else None

    def _compare_rows(
        self, lease: LeaseRow | None, scope: ComparisonScope | None, *, thorough: bool, resends: bool
    ) -> SnapshotStatus:
        limit, diff = drift_limit(self.sync) if self._chosen is None else None, with_scope(self.diff(), scope)
        edited = self._edited_fields(lease, diff.stored)
        diff = replace(diff, edited=edited, watches_values=limit is not None, thorough=thorough, resends=resends)
        diff, counts = count_differences(self._reader, diff)
        if counts.hides_duplicates and not diff.thorough:
            diff, counts = count_differences(self._reader, replace(diff, thorough=True))
        drifts = find_drifts(self._reader, diff, counts, limit) if limit is not None else ()
        chosen = count_chosen(self._reader, diff)
        counts = chosen.applied_to(counts)
        before = self._removed_before() if lease is not None and counts.removed and diff.acts_on_removed else 0
        facts = self._read_facts(lease, diff, counts)
        problem, is_first = find_integrity_problem(lease, facts), is_first_run(lease, facts)
        return SnapshotStatus(lease, counts, diff, before, problem, drifts, is_first, chosen.unknown_keys, scope=scope)

    def _edited_fields(self, lease: LeaseRow | None, stored: StoredTables) -> frozenset[str]:
        """Return the fields that an edit of the mapping touched since the last complete run."""
        if not stored.columns or lease is None or lease.is_empty:
            return frozenset()
        before = remembered_source(lease.destination).get(FIELDS)
        return frozenset(edited_fields(self.layout.values, stored.columns, before))

    def _read_facts(self, lease: LeaseRow | None, diff: Diff, counts: DiffCounts) -> TableFacts:
        return TableFacts(
            has_snapshot=bool(diff.stored.columns) or self._rekeyed,
            has_rejections=diff.stored.has_rejections or self._rekeyed,
            entries=counts.entries,
            newest=counts.newest,
            had_accepted_rows=holds_no_row(lease, counts.entries, counts.newest)
            and had_accepted_rows(self._reader, self.tables),
        )

    def step(self, name: str) -> AbstractContextManager[None]:
        """Mark the statements of one step of the session."""
        return self._reader.step(name)

    def idle(self) -> AbstractContextManager[None]:
        """Let other processes use the database file while this process waits for something else."""
        return self._reader.idle()

    def lease_row(self) -> LeaseRow | None:
        """Return only the lease."""
        row = read_lease(self._reader, self.tables) if self._reader.columns(self.tables.lease) else None
        self._entries = 0 if row is None else row.entries
        return row

    def oldest_time(self, label: str) -> tuple[float | None, float]:
        """Return the oldest time in a field of the model, and the time now, in seconds since 1970; None without one."""
        dialect, value = self._reader.dialect, self.layout.value_of(label)
        times = f"SELECT {epoch_seconds(dialect, value, value.expression)} AS happened FROM {self.layout.relation}"
        return _as_times(self._reader.query(oldest_of(dialect, times)))

    def oldest_time_to_send(self, label: str, diff: Diff) -> tuple[float | None, float]:
        """Return the oldest time of the rows that would be sent, and the time now, as `oldest_time` does."""
        dialect, value, rows = self._reader.dialect, self.layout.value_of(label), diff.sendable()
        seconds = epoch_seconds(dialect, value, f"p.{value.name}")
        times = f"SELECT {seconds} AS happened FROM ({rows.last}) p WHERE p.kind <> 'invalid'"
        prepared = self._reader.prepare(Statements(rows.first, oldest_of(dialect, times)))
        return _as_times(self._reader.query(prepared))

    def count_sendable(self, diff: Diff, condition: str) -> int:
        """Return how many rows of the model that would be sent meet a condition over the plan `p`."""
        rows = diff.sendable()
        counted = f"SELECT count(*) FROM ({rows.last}) p WHERE p.kind <> 'invalid' AND ({condition})"
        return int(self._reader.query(self._reader.prepare(Statements(rows.first, counted)))[0][0])

    def accepted_entries(self) -> int:
        """Return the number of entries whose values the destination is known to hold."""
        if self._reader.columns(self.tables.snapshot) is None:
            return 0
        [(count,)] = self._reader.query(f"SELECT count(*) FROM {self.tables.snapshot} WHERE state = 'accepted'")
        return int(count)

    def check_lease(self, row: LeaseRow) -> None:
        """Refuse a sync snapshot that this version or this definition cannot continue. Raises ConfigError."""
        if row.schema_version > SCHEMA_VERSION:
            raise ConfigError(
                "newer-state",
                f"sync `{self.sync.name}`: its sync snapshot was written by a newer version of reverse-etl",
                context={"schema version": row.schema_version, "known here": SCHEMA_VERSION},
                hint="Upgrade reverse-etl.",
            )
        check_not_moved(self.sync.name, row)
        rekeyed = row.key_columns is not None and row.key_columns != self.layout.key_columns
        self._rekeyed = rekeyed and row.is_empty
        if rekeyed and not row.is_empty:
            raise ConfigError(
                "primary-key-changed",
                f"sync `{self.sync.name}`: the sync snapshot has the key {row.key_columns}, the definition has the key"
                f" {self.layout.key_columns}",
                context={"model": self.sync.model, "file": self.sync.file},
                hint="Restore the old `primary_key` and identifier, or start again:"
                f" `reverse-etl state reset --select {self.sync.name}`. Then every row is sent again.",
            )

    def diff(self) -> Diff:
        """Return the comparison for the tables as they are now. If they hold nothing, nothing is compared."""
        stored = StoredTables() if self._rekeyed else read_stored_tables(self._reader, self.tables)
        # Chosen rows are few. If the lease counts entries, the tables are not asked.
        may_be_first = self._chosen is None and not self._entries
        is_first = may_be_first and are_blank(self._reader, self.tables, stored)
        return (FirstDiff if is_first else Diff)(
            self._reader.dialect,
            self.tables,
            self.layout,
            stored,
            acts_on_removed=self.sync.on_removed != "ignore",
            sends_changed_fields=self.sync.sends_changed_fields,
            chosen=self._chosen,
        )

    def keep_fields(self, labels: Collection[str]) -> None:
        """Work with these fields only, so that no other field gets a column in the sync snapshot."""
        self.layout = replace(
            self.layout, values=tuple(value for value in self.layout.values if value.field.label in labels)
        )

    def leave_out_new_fields(self) -> Collection[str]:
        """Work without fields that are new to the sync, since only a run may make them known. Return the others."""
        new = self.diff().stored.new_fields(self.layout)
        known = [value.field.label for value in self.layout.values if value.field.label not in new]
        self.keep_fields(known)
        return known

    def _removed_before(self) -> int:
        limit = removal_limit(self.sync)
        return recent_removals(self._reader, self.tables, limit.hours) if limit is not None and limit.hours else 0

    def _fetch(self) -> None:
        """Copy the model to where our tables are, once, so that the plan uses the same rows as the comparison."""
        if not self._fetched:
            relation = self._reader.model_table(self.layout.relation, self.layout.columns)
            self.layout = replace(self.layout, relation=relation)
            self._fetched = True


def _as_times(rows: Sequence[ResultRow]) -> tuple[float | None, float]:
    [(oldest, now)] = rows
    return None if oldest is None else float(oldest), float(now)
