"""The rows that a comparison keeps for the plan: the plan lists them, unless they may have changed since."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from reverse_etl.snapshot.counting.changed_rows import read_changed_rows
from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy, Warehouse
from tests.contracts.sync_harness import SyncHarness

PEOPLE = {"email": "VARCHAR", "id": "BIGINT", "name": "VARCHAR"}
ROWS = [("a@x.y", 1, "Ann"), ("b@x.y", 2, "Bob"), ("c@x.y", 3, "Cat")]
RENAME = "UPDATE {{model}} SET name = '{}' WHERE email = '{}'"


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    wait = WaitPolicy(30, time.monotonic, time.sleep)
    duckdb.connect(str(tmp_path / "shop.duckdb")).close()
    return open_warehouse(Connection("duckdb", {"path": str(tmp_path / "shop.duckdb")}, tmp_path, "200MB", wait))


@pytest.fixture(params=[(), ("id",)], ids=["plain", "keyed"])
def harness(warehouse: Warehouse, request) -> SyncHarness:
    harness = SyncHarness(warehouse, primary_key=request.param)
    harness.model(PEOPLE, ROWS)
    harness.run()
    harness.sql(RENAME.format("Anna", "a@x.y"))
    harness.sql("DELETE FROM {model} WHERE email = 'c@x.y'")
    return harness


def test_plan_lists_what_the_comparison_found(harness):
    """Also if the model has changed since: its rows are as they were then, and the next run sends the rest."""
    status = harness.read_status()
    assert status.diff.keeps_rows
    harness.sql(RENAME.format("Bo", "b@x.y"))
    harness.sql(RENAME.format("Anne", "a@x.y"))
    with harness.warehouse.idle():  # the file is closed and opened again
        pass
    assert harness.store().write_plan(status.diff, 9) == {"changed": 1, "removed": 1}
    store = harness.store()
    [row] = [row for batch in store.planned(9, 0, 10, 10) for row in batch.to_pylist()]
    assert "Anna" in row.values()
    assert harness.counted() == {"changed": 2, "removed": 1}


def test_kept_rows_are_all_that_a_plan_shows(harness):
    status, warehouse = harness.read_status(), harness.warehouse
    diff = status.diff
    assert warehouse.query(warehouse.prepare(diff.first_identities(3))) == [("changed", "a@x.y"), ("removed", "c@x.y")]
    assert [row.fields["name"] for row in read_changed_rows(warehouse, diff, 3)] == [("Ann", "Anna")]
    for statements, kinds in ((diff.sendable(), ["changed"]), (diff.rows_of(["c@x.y", "b@x.y"]), ["removed"])):
        batches = warehouse.batches(warehouse.prepare(statements), 10)
        assert [row["kind"] for batch in batches for row in batch.to_pylist()] == kinds


def test_plan_compares_again_if_the_tables_are_gone(harness):
    status = harness.read_status()
    harness.warehouse.close()
    assert harness.store().write_plan(status.diff, 9) == {"changed": 1, "removed": 1}


def test_rows_are_planned_only_if_no_other_run_came_between(harness):
    status = harness.read_status()
    lease = harness.lease()
    assert lease.acquire()
    diff = harness.store().diff()
    assert status.keeps_rows_of(diff, lease.fence)
    assert not status.keeps_rows_of(diff, lease.fence + 1)
    assert not status.keeps_rows_of(replace(diff, stored=replace(diff.stored, columns={})), lease.fence)
    # While another run has the lease, it may commit before this one gets it.
    assert not harness.read_status().keeps_rows_of(diff, lease.fence + 1)


def test_nothing_is_kept_if_nothing_or_nearly_everything_differs(harness):
    harness.run()
    assert not harness.read_status().diff.keeps_rows
    harness.sql("INSERT INTO {model} SELECT 'n' || i || '@x.y', 100 + i, 'New' FROM range(10_001) r(i)")
    status = harness.read_status()
    assert (status.diff.keeps_rows, status.diff.thorough, status.counts.added) == (False, True, 10_001)


def test_session_leaves_no_file_behind(harness, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    harness.warehouse.close()
    with harness.warehouse.session(harness.warehouse.mark):
        assert harness.read_status().diff.keeps_rows
        [folder] = (tmp_path / "temporary").iterdir()
        assert folder.stat().st_mode & 0o77 == 0
    assert not list((tmp_path / "temporary").iterdir())
