"""The time of a row is the same number of seconds, from each type of column that can be sent as a time."""

from __future__ import annotations

import pytest

from reverse_etl.snapshot.columns.row_layout import ValueColumn
from reverse_etl.snapshot.sql.row_times import epoch_seconds
from reverse_etl.sync import Field
from reverse_etl.warehouses.columns import Column, ColumnKind
from tests.contracts.sync_harness import SyncHarness
from tests.warehouses.duckdb.on_duckdb import OnDuckDB
from tests.warehouses.postgres.on_postgres import OnPostgres

TIMES = [
    (ColumnKind.TIMESTAMP, "timestamp with time zone", "'2026-11-01 01:00:00+01'"),
    (ColumnKind.TIMESTAMP, "timestamp", "'2026-11-01 00:00:00'"),
    (ColumnKind.DATE, "date", "'2026-11-01'"),
    (ColumnKind.TEXT, "text", "'2026-11-01 00:00:00 +00:00'"),
    (ColumnKind.TEXT, "text", "'2026-11-01'"),
    (ColumnKind.INTEGER, "bigint", "1793491200"),
    (ColumnKind.INTEGER, "bigint", "1793491200000"),
    (ColumnKind.FLOAT, "double precision", "1793491200"),
]


def assert_same_time(harness: SyncHarness, kind: ColumnKind, type_name: str, text: str) -> None:
    value = ValueColumn(Field("at", "at"), "v_at", type_name, kind, "at", Column("at", type_name, kind))
    seconds = epoch_seconds(harness.warehouse.dialect, value, f"CAST({text} AS {type_name})")
    assert [float(row[0]) for row in harness.warehouse.query(f"SELECT {seconds}")] == [1_793_491_200]


@pytest.mark.parametrize(("kind", "type_name", "text"), TIMES)
class TestDuckDB(OnDuckDB):
    def test_times_are_the_same(self, harness, kind, type_name, text):
        assert_same_time(harness, kind, type_name, text)


@pytest.mark.parametrize(("kind", "type_name", "text"), TIMES)
class TestPostgres(OnPostgres):
    def test_times_are_the_same(self, harness, kind, type_name, text):
        assert_same_time(harness, kind, type_name, text)
