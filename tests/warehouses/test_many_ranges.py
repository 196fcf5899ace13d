"""A commit after a run in which every other request had no answer: thousands of ranges, each looked up."""

from __future__ import annotations

import json

import pytest

from reverse_etl.snapshot.lease import OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.sql.commit.merge import WHOLE, Merge
from tests.contracts.sync_harness import SyncHarness
from tests.snapshot.test_golden_sql import DIALECTS, TABLES
from tests.warehouses.duckdb.on_duckdb import OnDuckDB
from tests.warehouses.postgres.on_postgres import OnPostgres

ROWS, RANGES = 50_000, 2_000
APART = ROWS // RANGES
# Of every 25 rows 15 are acknowledged, and 5 were never sent.
ACKED = Ranges((start, start + 15) for start in range(0, ROWS, APART))
UNTOUCHED = Ranges((start + 20, start + 25) for start in range(0, ROWS, APART))


def planned(harness: SyncHarness, numbers: str) -> int:
    """A plan of so many rows; its fence."""
    build = harness.builder
    build.create_schema(harness.relation.split(".")[-2].strip('"'))
    build.execute(
        f"CREATE TABLE {harness.relation} AS SELECT 'u' || i || '@x.y' AS email, i AS n FROM {numbers} AS t(i)"
    )
    lease, store = harness.prepared(), harness.store()
    store.write_plan(store.diff(), lease.fence)
    return lease.fence


def states(harness: SyncHarness) -> dict[str, int]:
    rows = harness.warehouse.query(f"SELECT state, count(*) FROM {harness.store().tables.snapshot} GROUP BY state")
    return {state: int(count) for state, count in rows}


class TestDuckDB(OnDuckDB):
    def test_each_row_ends_as_its_range_says(self, harness):
        fence = planned(harness, f"range({ROWS})")
        harness.store().commit(OpenRun(fence, ROWS, ACKED), UNTOUCHED, stale=False)
        assert states(harness) == {"accepted": 15 * RANGES, "unknown": 5 * RANGES}

    def test_ranges_beyond_what_a_statement_may_name_are_sent_again(self, harness, monkeypatch):
        fence = planned(harness, "range(100)")
        monkeypatch.setattr(type(harness.warehouse.dialect), "most_ranges", 2)
        acked = Ranges([(0, 10), (20, 50), (60, 65), (70, 90)])
        harness.store().commit(OpenRun(fence, 100, acked), Ranges(), stale=False)
        assert states(harness) == {"accepted": 50, "unknown": 50}

    def test_ranges_overlap_without_a_row_twice(self, harness):
        """What was never sent is reported with some slack."""
        fence = planned(harness, "range(100)")
        harness.store().commit(OpenRun(fence, 100, Ranges([(0, 40)])), Ranges([(30, 60)]), stale=False)
        assert states(harness) == {"accepted": 40, "unknown": 40}


class TestPostgres(OnPostgres):
    def test_rows_are_not_tried_against_every_range(self, server, harness):
        fence = planned(harness, f"generate_series(1, {ROWS})")
        store = harness.store()
        merge = Merge(harness.warehouse.dialect, store.tables, store._plan(fence), keys=[], values=[])
        source = merge.outcomes(OpenRun(fence, ROWS, ACKED), UNTOUCHED, WHOLE)
        [(said,)] = server.run(f"EXPLAIN (ANALYZE, FORMAT JSON) {source}")
        # All pairs would be two hundred million.
        assert tried(said[0]["Plan"]) < 4 * ROWS
        store.commit(OpenRun(fence, ROWS, ACKED), UNTOUCHED, stale=False)
        assert states(harness) == {"accepted": 15 * RANGES, "unknown": 5 * RANGES}


def tried(node: dict) -> int:
    """Pairs of rows that a plan compared without a match."""
    return int(node.get("Rows Removed by Join Filter", 0)) + sum(map(tried, node.get("Plans", ())))


@pytest.mark.parametrize("name", ["bigquery", "snowflake"])
def test_statement_stays_below_a_megabyte(name):
    """Both refuse longer ones, or accept them slowly, for any number of rows without an answer."""
    acked = Ranges((3 * n, 3 * n + 1) for n in range(25_000))
    untouched = Ranges((3 * n + 1, 3 * n + 2) for n in range(25_000))
    merge = Merge(DIALECTS[name].dialect, TABLES, "s.plan", keys=["key_1"], values=["v_a"])
    assert len(merge.sql(OpenRun(7, 75_000, acked), untouched).encode()) < 500_000
    assert len(json.dumps(acked.largest(20_000).write())) < 1_000_000
