"""The time of a row is the same number of seconds, from each type of column that can be sent as a time."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from reverse_etl.snapshot.columns.row_layout import ValueColumn
from reverse_etl.snapshot.sql.row_times import epoch_seconds, oldest_of
from reverse_etl.sync import Field
from reverse_etl.warehouses.columns import Column, ColumnKind
from tests.contracts.sync_harness import SyncHarness
from tests.warehouses.bigquery.on_bigquery import OnBigQuery
from tests.warehouses.duckdb.on_duckdb import OnDuckDB
from tests.warehouses.postgres.on_postgres import OnPostgres
from tests.warehouses.snowflake.on_snowflake import OnEmulator

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


# The types of these times in each local cloud warehouse, where one test asks for all of them at once.
CLOUD_TYPES = {
    "bigquery": {
        "timestamp with time zone": "TIMESTAMP",
        "timestamp": "DATETIME",
        "text": "STRING",
        "bigint": "INT64",
        "double precision": "FLOAT64",
    },
    "snowflake": {"timestamp with time zone": "TIMESTAMP_TZ", "timestamp": "TIMESTAMP_NTZ"},
}


def seconds_of(harness: SyncHarness, kind: ColumnKind, type_name: str, text: str) -> str:
    value = ValueColumn(Field("at", "at"), "v_at", type_name, kind, "at", Column("at", type_name, kind))
    return epoch_seconds(harness.warehouse.dialect, value, f"CAST({text} AS {type_name})")


def assert_same_times(harness: SyncHarness, names: Mapping[str, str]) -> None:
    """Every type gives the same seconds; the oldest one and what happened until a time are found by them."""
    seconds = [seconds_of(harness, kind, names.get(name, name), text) for kind, name, text in TIMES]
    [row] = harness.warehouse.query(f"SELECT {', '.join(seconds)}")
    assert list(map(float, row)) == [1_793_491_200] * len(TIMES)
    happened = " UNION ALL ".join(f"SELECT {one} + {number} AS happened" for number, one in enumerate(seconds))
    [(oldest, now)] = harness.warehouse.query(oldest_of(harness.warehouse.dialect, happened))
    assert float(oldest) == 1_793_491_200
    assert abs(float(now) - time.time()) < 600
    [(count,)] = harness.warehouse.query(f"SELECT count(*) FROM ({happened}) t WHERE happened <= 1793491202")
    assert count == 3


def assert_same_time(harness: SyncHarness, kind: ColumnKind, type_name: str, text: str) -> None:
    seconds = seconds_of(harness, kind, type_name, text)
    assert [float(row[0]) for row in harness.warehouse.query(f"SELECT {seconds}")] == [1_793_491_200]


@pytest.mark.parametrize(("kind", "type_name", "text"), TIMES)
class TestDuckDB(OnDuckDB):
    def test_times_are_the_same(self, harness, kind, type_name, text):
        assert_same_time(harness, kind, type_name, text)


@pytest.mark.parametrize(("kind", "type_name", "text"), TIMES)
class TestPostgres(OnPostgres):
    def test_times_are_the_same(self, harness, kind, type_name, text):
        assert_same_time(harness, kind, type_name, text)


class TestSnowflake(OnEmulator):
    def test_times_are_the_same(self, harness):
        assert_same_times(harness, CLOUD_TYPES["snowflake"])


class TestBigQuery(OnBigQuery):
    def test_times_are_the_same(self, harness):
        assert_same_times(harness, CLOUD_TYPES["bigquery"])
