"""A first run compares nothing, and finds what a comparison with empty tables finds."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import fields

import duckdb
import pytest

from reverse_etl.errors import OUT_OF_MEMORY
from reverse_etl.snapshot.counting.counted_rows import read_counts
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.snapshot.sql.plan.first_diff import FirstDiff
from reverse_etl.sync import Field
from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from tests.contracts.sync_harness import Fate, SyncHarness

COLUMNS = {"email": "VARCHAR", "id": "BIGINT", "name": "VARCHAR", "tags": "VARCHAR[]"}
FIELDS = (Field("name", "name"), Field("tags", "tags"), Field("source", None, constant="shop"))
ROWS = [
    ("a@x.y", 1, "Ann", ["x"]),
    ("b@x.y", 2, None, None),
    ("c@x.y", 3, "", []),
    # An identity twice, once in capitals, and one three times.
    ("d@x.y", 4, "Dan", ["x"]),
    (" D@x.Y", 5, "Dan", ["x"]),
    *[("e@x.y", 6, "Eve", ["x"])] * 3,
    # Keys: one twice, and NULL twice.
    ("f@x.y", 7, "Fay", ["x"]),
    ("g@x.y", 7, "Gus", ["x"]),
    ("h@x.y", None, "Hal", ["x"]),
    ("i@x.y", None, "Ida", ["x"]),
    # No identity, twice, once with the key of another row; and no e-mail.
    (None, 1, "Nil", ["x"]),
    (None, 9, "Nil", ["x"]),
    ("broken", 10, "Bo", ["x"]),
]


@pytest.fixture
def warehouse(tmp_path):
    path = tmp_path / "shop.duckdb"
    duckdb.connect(str(path)).close()
    opened = open_warehouse(
        Connection("duckdb", {"path": str(path)}, tmp_path, "200MB", WaitPolicy(0, time.monotonic, time.sleep))
    )
    yield opened
    opened.close()


def people(warehouse, rows=ROWS, **options) -> SyncHarness:
    harness = SyncHarness(warehouse, fields=FIELDS, **options)
    harness.model(COLUMNS, rows)
    assert harness.prepared().release()
    return harness


def with_joins(diff: Diff) -> Diff:
    return Diff(**{one.name: getattr(diff, one.name) for one in fields(diff)})


def plan_of(harness, diff):
    """The rows of a plan, without values that no request can carry. Their ordinals are dense."""
    query = harness.warehouse.query
    harness.warehouse.execute(str(diff.plan("found")))
    ordinals = query("SELECT count(*), count(DISTINCT ordinal), min(ordinal), max(ordinal) FROM found")
    rows = query("SELECT kind, reason, identity, row_hash FROM found")
    values = query("SELECT * EXCLUDE (ordinal, changed) FROM found WHERE kind = 'added'")
    harness.warehouse.execute("DROP TABLE found")
    return ordinals, *(Counter(map(str, found)) for found in (rows, values))


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("keys", [(), ("id",), ("id", "name")])
def test_it_finds_what_a_comparison_finds(warehouse, keys, partial):
    harness = people(warehouse, primary_key=keys, sends_changed_fields=partial)
    first = harness.store().diff()
    assert type(first) is FirstDiff
    compared = with_joins(first)
    counts, expected = (
        read_counts(warehouse.query(str(diff.counts())), diff.layout.values) for diff in (first, compared)
    )
    assert counts == expected
    assert counts.added
    assert counts.invalid["null-identifier"] == 2
    found = plan_of(harness, first)
    assert found == plan_of(harness, compared)
    assert found[0] == [(len(ROWS), len(ROWS), 0, len(ROWS) - 1)]
    for statement in ("sendable", lambda diff: diff.rows_of(["a@x.y", "d@x.y"]), lambda diff: diff.first_identities(2)):
        ask = (lambda diff, name=statement: getattr(diff, name)()) if isinstance(statement, str) else statement
        answers = [warehouse.query(str(ask(diff))) for diff in (first, compared)]
        kinds = [Counter((row[0], row[1]) for row in answer) for answer in answers]
        assert kinds[0] == kinds[1]
    assert warehouse.query(str(first.samples(3))) == []


def test_an_empty_model_has_an_empty_plan(warehouse):
    harness = people(warehouse, [])
    diff = harness.store().diff()
    assert type(diff) is FirstDiff
    assert harness.store().write_plan(diff, 1) == {}
    assert harness.counted() == {}


def test_entries_tombstones_and_held_rows_are_compared(warehouse):
    harness = people(warehouse, [("a@x.y", 1, "Ann", ["x"]), ("b@x.y", 2, "Bob", ["x"])])
    harness.run(lambda row: Fate.REJECTED)
    assert harness.entries() == {}
    assert type(harness.store().diff()) is Diff
    assert harness.counted() == {"quarantined": 2}
    harness.sql("DELETE FROM {rejections}")
    assert type(harness.store().diff()) is FirstDiff
    harness.run()
    harness.model(COLUMNS, [])
    harness.run()
    store = harness.store()
    assert store.lease_row().entries == 0
    assert harness.states() == {"a@x.y": "absent", "b@x.y": "absent"}
    assert type(store.diff()) is Diff


def test_too_little_memory_compares_digests(warehouse):
    diff = people(warehouse).store().diff()
    easier = diff.easier(OUT_OF_MEMORY)
    assert type(easier) is Diff
    assert easier.digested
    assert type(diff.by_means_of(easier)) is Diff
    assert diff.by_means_of(diff) is diff
    assert diff.easier("permission-denied") is None
    assert easier.easier(OUT_OF_MEMORY) is None
