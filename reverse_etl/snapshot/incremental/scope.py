"""Decides whether a comparison of an incremental sync is quick or full, and says why it is full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reverse_etl.counting import plural
from reverse_etl.snapshot.columns.recent_rows import GrowingColumn, RecentRows
from reverse_etl.snapshot.incremental.mark import IncrementalMark, definition_digest, read_mark
from reverse_etl.snapshot.lease import LeaseRow
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.sync import Incremental, Sync
from reverse_etl.warehouses.base import Reader


@dataclass(frozen=True)
class ComparisonScope:
    """What one comparison of an incremental sync looks at.

    `recent` are the rows of a quick comparison; None: a full one, because of `reason`. `before` is the mark of the last
    complete run, and `after` the mark if this run completes; None if the column has no value. `due_in` is the number of
    seconds until the next full comparison, once this one is complete.
    """

    column: str
    recent: RecentRows | None
    reason: str
    before: IncrementalMark | None
    after: IncrementalMark | None
    due_in: float = 0.0

    def as_full(self, reason: str) -> ComparisonScope:
        """Return the scope of a full comparison for another reason. It leaves no mark."""
        return replace(self, recent=None, reason=reason, after=None)


@dataclass(frozen=True)
class _Position:
    """How far the model is, read before it is compared: so a row that comes later has a value that comes later, too.

    `now` is the warehouse's clock. `waiting` rows may have to be sent again although they did not change.
    """

    highest: int | None
    now: float
    waiting: int


@dataclass(frozen=True)
class ScopeFinder:
    """Finds the scope of the comparisons of one sync. `demand`: why the command compares all rows; may be empty.

    `definition` is the digest of the sync, see `definition_digest`.
    """

    reader: Reader
    rule: Incremental
    definition: str
    demand: str = ""

    def find(self, lease: LeaseRow | None, diff: Diff) -> ComparisonScope:
        """Return the scope of the next comparison. `diff` compares all rows."""
        column = self._column(diff)
        if self.reader.copies_models:
            return ComparisonScope(
                column.column.name, None, "with `state: local`, the whole model is copied", None, None
            )
        position = self._read_position(column, lease, diff)
        before = read_mark(lease.destination) if lease is not None else None
        reason = self.demand or next(self._reasons(lease, before, position, diff), "")
        full_at = before.full_at if before is not None and not reason else position.now
        recent = column.rows_from(before.highest, self.rule.overlap) if before is not None and not reason else None
        after = self._mark_after(before if recent is not None else None, position.highest, full_at)
        due_in = max(0.0, full_at + self.rule.full_every - position.now)
        return ComparisonScope(column.column.name, recent, reason, before, after, due_in)

    def _column(self, diff: Diff) -> GrowingColumn:
        if diff.layout.growing_column is None:
            raise ValueError("the layout of an incremental sync has its column")
        return GrowingColumn(diff.dialect, diff.layout.growing_column)

    def _mark_after(
        self, before: IncrementalMark | None, highest: int | None, full_at: float
    ) -> IncrementalMark | None:
        """Return the mark after this run. Only a full comparison sets it back."""
        if highest is None:
            return None
        return IncrementalMark(highest if before is None else max(highest, before.highest), full_at, self.definition)

    def _reasons(
        self, lease: LeaseRow | None, before: IncrementalMark | None, position: _Position, diff: Diff
    ) -> Iterator[str]:
        """Yield why recent rows are not enough."""
        if lease is None or lease.is_empty or not diff.stored.columns:
            yield "no row was accepted yet"
        elif lease.run is not None:
            yield "the last run did not finish"
        elif before is None:
            yield "no earlier run compared all rows and left none of them"
        elif before.definition != self.definition or diff.edited or not diff.stored.fits(diff.layout):
            yield "the definition, the columns of the model or the version of reverse-etl changed"
        elif position.waiting:
            yield f"{plural(position.waiting, 'row')} may have to be sent again"
        elif position.highest is None:
            yield f"`{self.rule.column}` has no finite value"
        else:
            yield from self._reasons_by_position(before, position, diff)

    def _reasons_by_position(self, before: IncrementalMark, position: _Position, diff: Diff) -> Iterator[str]:
        earliest = self._column(diff).lowest_value(before.highest, self.rule.overlap)
        if position.highest is not None and position.highest < earliest:
            yield f"the highest value of `{self.rule.column}` is lower than at the last run"
        if not 0 <= position.now - before.full_at < self.rule.full_every:
            yield "the last full comparison is older than `full_every`"

    def _read_position(self, column: GrowingColumn, lease: LeaseRow | None, diff: Diff) -> _Position:
        unknown, due, dialect = "0", "0", diff.dialect
        if lease is not None and diff.stored.columns:
            unknown = f"(SELECT count(*) FROM {diff.tables.snapshot} WHERE state = 'unknown')"
        if lease is not None and diff.stored.has_rejections:
            due = f"(SELECT count(*) FROM ({self._due_keys(diff)}) d)"
        now = dialect.epoch(dialect.now())
        highest = f"(SELECT {column.highest()} FROM {diff.layout.relation})"
        [row] = self.reader.query(f"SELECT {highest}, {now}, {unknown}, {due}")
        moment = float(row[1])
        return _Position(column.read_highest(row[0], moment), moment, int(row[2]) + int(row[3]))

    def _due_keys(self, diff: Diff) -> str:
        """Return keys whose last listed failure is to be tried again: on request, or because its time has come."""
        due = f"state = 'requeued' OR retry_at <= {diff.dialect.now()}"
        listed = f"FROM {diff.tables.rejections} WHERE sync = {diff.dialect.literal(diff.tables.sync)}"
        last = f"max(CASE WHEN {due} THEN fence END) = max(fence)"
        return f"SELECT key_text {listed} AND state <> 'failed' GROUP BY key_text HAVING {last}"


def scope_finder(reader: Reader, sync: Sync, diff: Diff, demand: str) -> ScopeFinder | None:
    """Return what finds the scope of comparisons; None if the sync compares all rows in every run."""
    if sync.incremental is None:
        return None
    return ScopeFinder(reader, sync.incremental, definition_digest(sync, diff.layout), demand)


def with_scope(diff: Diff, scope: ComparisonScope | None) -> Diff:
    """Return the comparison of these rows."""
    return replace(diff, recent=scope.recent if scope is not None else None)
