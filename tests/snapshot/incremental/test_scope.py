"""When recent rows are enough, and why they are not. The warehouse's answers are given, its clock included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reverse_etl.snapshot.columns.recent_rows import GrowingColumn
from reverse_etl.snapshot.columns.row_layout import StoredTables
from reverse_etl.snapshot.incremental.mark import IncrementalMark, definition_digest, full_comparison_due_in, read_mark
from reverse_etl.snapshot.incremental.scope import ComparisonScope, scope_finder
from reverse_etl.snapshot.lease import LeaseRow, read_lease
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.sync import Incremental
from reverse_etl.warehouses.base import ResultRow
from reverse_etl.warehouses.columns import Column, ColumnKind
from reverse_etl.warehouses.duckdb.dialect import DuckDBDialect
from tests.snapshot.recorder import Recorder
from tests.snapshot.scenes import SYNC, Scene

DAY, HOUR = 86_400, 3_600
AT = Column("updated_at", "TIMESTAMP", ColumnKind.TIMESTAMP)
RULE = Incremental("updated_at")
# The warehouse's time is far from this machine's.
NOW = 4_000_000_000.0
HIGHEST = 3_999_990_000


class Answering(Recorder):
    """A warehouse that answers with the highest value, its time, and rows that wait."""

    answer: ResultRow = (HIGHEST, NOW, 0, 0)

    def query(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        super().query(sql, params)
        return [self.answer]


def find(
    *, mark: Mapping[str, Any] | None = None, lease: Mapping[str, Any] | None = None, demand: str = "", **answer: Any
) -> ComparisonScope:
    """The scope of the next comparison, after a complete one an hour ago unless `mark` and `lease` say otherwise."""
    sync = replace(SYNC, incremental=RULE)
    warehouse = Answering(DuckDBDialect(), {})
    given = {"highest": HIGHEST, "now": NOW, "unknown": 0, "due": 0} | answer
    warehouse.answer = tuple(given.values())
    diff = _diff()
    known = IncrementalMark(HIGHEST, NOW - HOUR, definition_digest(sync, diff.layout)).as_dict() | (mark or {})
    source = {"incremental": known} if mark is None or mark else {}
    row = replace(_lease(), **({"entries": 3, "destination": {"source": source}, "now": NOW} | dict(lease or {})))
    finder = scope_finder(warehouse, sync, diff, demand)
    assert finder is not None
    return finder.find(row, diff)


def _diff() -> Diff:
    scene = Scene(DuckDBDialect(), known=True)
    diff = scene.store.diff()
    layout = replace(diff.layout, growing_column=AT)
    return replace(diff, layout=layout, stored=StoredTables({value.name: value.type for value in layout.values}))


def _lease() -> LeaseRow:
    scene = Scene(DuckDBDialect(), known=True)
    return read_lease(scene.warehouse, scene.store.tables)


def test_recent_rows_are_enough_after_a_complete_comparison() -> None:
    scope = find()
    assert scope.recent is not None
    assert scope.recent.condition == (
        '("updated_at" >= CAST(\'2096-10-02 03:20:00\' AS TIMESTAMP) OR "updated_at" IS NULL)'
    )
    assert (scope.due_in, scope.after) == (DAY - HOUR, scope.before)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"demand": "`--full-comparison`"}, "`--full-comparison`"),
        ({"lease": {"entries": 0}}, "no row was accepted yet"),
        ({"mark": {}}, "no earlier run"),
        ({"mark": {"definition": "other"}}, "the definition"),
        ({"unknown": 1, "due": 1}, "2 rows may have to be sent again"),
        ({"highest": None}, "no finite value"),
        ({"highest": HIGHEST - HOUR - 1}, "lower than at the last run"),
        ({"now": NOW + DAY - HOUR}, "older than `full_every`"),
        ({"now": NOW - HOUR - 1}, "older than `full_every`"),
    ],
)
def test_reasons_to_compare_all_rows(given: Mapping[str, Any], reason: str) -> None:
    scope = find(**given)
    assert scope.recent is None
    assert reason in scope.reason


def test_the_mark_moves_forward_only() -> None:
    for highest, expected in ((HIGHEST + 5, HIGHEST + 5), (HIGHEST - 5, HIGHEST), (NOW + DAY, NOW)):
        scope = find(highest=highest)
        assert scope.after is not None
        assert (scope.after.highest, scope.after.full_at) == (expected, NOW - HOUR)
    back = find(highest=5).after
    assert back is not None
    assert (back.highest, back.full_at) == (5, NOW)


@pytest.mark.parametrize("found", [None, 7, {}, {"highest": "7", "full_at": 1.0}, {"highest": 7, "full_at": None}])
def test_a_mark_that_cannot_be_read_is_none(found: object) -> None:
    assert read_mark({"source": {"incremental": found}}) is None


def test_a_clock_that_was_set_back_makes_the_next_comparison_full() -> None:
    row = replace(_lease(), destination={"source": {"incremental": IncrementalMark(7, NOW, "d").as_dict()}})
    assert full_comparison_due_in(RULE, replace(row, now=NOW + 10)) == DAY - 10
    assert full_comparison_due_in(RULE, replace(row, now=NOW - 1)) is None
    assert full_comparison_due_in(RULE, replace(row, now=NOW + DAY)) is None
    assert full_comparison_due_in(None, row) is None


@pytest.mark.parametrize(
    ("kind", "type_name", "overlap", "since"),
    [
        (ColumnKind.TIMESTAMP, "TIMESTAMPTZ", None, "CAST('1970-01-01 23:00:00' AS TIMESTAMPTZ)"),
        (ColumnKind.TIMESTAMP, "TIMESTAMP", 0.5, "CAST('1970-01-01 23:59:59' AS TIMESTAMP)"),
        (ColumnKind.TIMESTAMP, "TIMESTAMP", 1e15, "CAST('0001-01-01 00:00:00' AS TIMESTAMP)"),
        (ColumnKind.DATE, "DATE", None, "CAST('1970-01-01' AS DATE)"),
        (ColumnKind.INTEGER, "BIGINT", None, "86400"),
        (ColumnKind.INTEGER, "BIGINT", 10, "86390"),
    ],
)
def test_where_a_quick_comparison_begins(kind: ColumnKind, type_name: str, overlap: float | None, since: str) -> None:
    column = GrowingColumn(DuckDBDialect(), Column("at", type_name, kind))
    assert column.rows_from(DAY, overlap).since == since


def test_values_that_are_no_number() -> None:
    column = GrowingColumn(DuckDBDialect(), AT)
    assert column.read_highest(float("-inf"), NOW) is None
    assert column.read_highest(float("inf"), NOW) == NOW
    assert column.read_highest(1.9, NOW) == 1
    assert column.read_highest(-0.5, NOW) == -1
