"""The first merge of a sync adds rows to an empty table; in every other case it is a merge."""

from __future__ import annotations

import time

import duckdb
import pytest

from reverse_etl.errors import OUT_OF_MEMORY, WarehouseError
from reverse_etl.snapshot.lease import OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.sync import Field
from reverse_etl.warehouses import Connection
from reverse_etl.warehouses.base import WaitPolicy
from reverse_etl.warehouses.duckdb.warehouse import DuckDB
from tests.contracts.sync_harness import SyncHarness


class WatchedDuckDB(DuckDB):
    """Notes the statements that write entries. `before` is run once, just before the first of them."""

    written: list[str]
    before = ""
    fails = False

    def execute(self, sql: str, params=()) -> int:
        beginning = sql.split(" ", 1)[0]
        if beginning in ("INSERT", "MERGE") and "snapshot__" in sql[:100]:
            self.written.append(beginning)
            statement, self.before = self.before, ""
            if statement:
                super().execute(statement)
            if self.fails and beginning == "INSERT":
                raise WarehouseError(OUT_OF_MEMORY, "too little memory", context={}, hint="")
        return super().execute(sql, params)


@pytest.fixture
def harness(tmp_path):
    path = tmp_path / "shop.duckdb"
    duckdb.connect(str(path)).close()
    wait = WaitPolicy(0, time.monotonic, time.sleep)
    warehouse = WatchedDuckDB.open(Connection("duckdb", {"path": str(path)}, tmp_path, "200MB", wait), read_only=False)
    warehouse.written = []
    harness = SyncHarness(warehouse, fields=(Field("name", "name"),))
    harness.model({"email": "VARCHAR", "name": "VARCHAR"}, [("a@x.y", "Ann"), ("b@x.y", "Bob")])
    yield harness
    warehouse.close()


def planned(harness):
    """A store whose plan of two rows is sent and acknowledged, and its run."""
    store, lease = harness.store(), harness.prepared()
    assert store.write_plan(store.diff(), lease.fence) == {"added": 2}
    return store, OpenRun(lease.fence, 2, Ranges([(0, 2)]))


def test_first_run_adds_its_rows_and_the_next_one_merges(harness):
    harness.run()
    assert harness.warehouse.written == ["INSERT"]
    harness.sql("UPDATE {model} SET name = 'Cy' WHERE email = 'a@x.y'")
    harness.run()
    assert harness.warehouse.written == ["INSERT", "MERGE"]
    assert harness.states() == {"a@x.y": "accepted", "b@x.y": "accepted"}


def test_baseline_adds_its_rows(harness):
    harness.adopt()
    # The commit after it has no row to merge.
    assert harness.warehouse.written == ["INSERT", "MERGE"]
    assert harness.states() == {"a@x.y": "accepted", "b@x.y": "accepted"}


@pytest.mark.parametrize(("shift", "name"), [(1, "newer"), (-1, "Ann")])
def test_entry_that_another_run_writes_just_before_it_leads_to_a_merge(harness, shift, name):
    store, run = planned(harness)
    [value] = harness.layout().values
    columns = f"(identity, {value.name}, state, fence)"
    values = f"('a@x.y', 'newer', 'accepted', {run.fence + shift})"
    harness.warehouse.before = f"INSERT INTO {store.tables.snapshot} {columns} VALUES {values}"
    store.commit(run, Ranges(), stale=False)
    assert harness.warehouse.written == ["INSERT", "MERGE"]
    rows = harness.warehouse.query(f"SELECT identity FROM {store.tables.snapshot} ORDER BY 1")
    assert rows == [("a@x.y",), ("b@x.y",)]
    assert harness.entries()["a@x.y"] == ("accepted", {"name": name})


def test_too_little_memory_leads_to_a_merge(harness):
    store, run = planned(harness)
    harness.warehouse.fails = True
    store.commit(run, Ranges(), stale=False)
    assert harness.warehouse.written == ["INSERT", "MERGE"]
    assert harness.states() == {"a@x.y": "accepted", "b@x.y": "accepted"}


def test_merge_of_no_row_adds_none(harness):
    store, run = planned(harness)
    store.commit(OpenRun(run.fence, 0, Ranges()), Ranges(), stale=False)
    assert harness.entries() == {}
