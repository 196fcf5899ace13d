"""The warehouse contract: what a run leaves behind, however it ends."""

from __future__ import annotations

import pytest

from reverse_etl.snapshot.lease import OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.run_history import RunOrigin, RunRow, last_runs, record_run
from reverse_etl.snapshot.tables import Tables, create_table
from reverse_etl.warehouses.base import Warehouse
from tests.contracts.change_detection import PEOPLE, ROWS
from tests.contracts.sync_harness import LONG_AGO, STATE_SCHEMA, Crash, Fate, SyncHarness, of

BOTH_WAYS = pytest.mark.parametrize("fate", [Fate.LANDED, Fate.LOST])


def make_runs_of_an_earlier_version(warehouse: Warehouse, tables: Tables) -> None:
    """Create the history without the columns that say who ran a sync."""
    d = warehouse.dialect
    columns = dict.fromkeys(("sync", "invocation_id", "status", "counts", "problem"), d.text_type)
    columns |= dict.fromkeys(("schema_version", "fence"), d.integer_type)
    columns |= dict.fromkeys(("started_at", "ended_at"), d.timestamp_type)
    warehouse.execute(f"DROP TABLE IF EXISTS {tables.runs}")
    warehouse.create_schema(tables.schema)
    warehouse.execute(create_table(d, tables.runs, list(columns.items()), "sync"))


class CommitsContract:
    """Unknown outcomes, refusals, crashes and fences."""

    @pytest.fixture
    def people(self, harness) -> SyncHarness:
        harness.model(PEOPLE, ROWS)
        harness.run()
        return harness

    def plans(self, harness: SyncHarness) -> int:
        ours = "lower(table_schema) = ? AND lower(table_name) LIKE 'plan%'"
        tables = f"SELECT count(*) FROM information_schema.tables WHERE {ours}"
        return int(harness.warehouse.query(tables, (STATE_SCHEMA,))[0][0])

    @BOTH_WAYS
    def test_unknown_row_is_sent_again_although_the_model_went_back(self, people, fate):
        people.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        people.run(lambda row: fate)
        assert people.states()["a@x.y"] == "unknown"
        people.sql("UPDATE {model} SET points = 1 WHERE email = 'a@x.y'")
        assert people.run().identities("resent") == ["a@x.y"]
        assert people.sent["a@x.y"]["points"] == 1
        assert people.counted() == {}

    @BOTH_WAYS
    def test_unknown_new_row_that_left_the_model_is_removed(self, people, fate):
        people.sql("INSERT INTO {model} VALUES ('n@x.y', 'New', 1)")
        people.run(lambda row: fate)
        people.sql("DELETE FROM {model} WHERE email = 'n@x.y'")
        assert people.run().identities("removed") == ["n@x.y"]
        assert "n@x.y" not in people.sent

    @BOTH_WAYS
    def test_unknown_removal_is_sent_again_or_added_back(self, people, fate):
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        people.run(lambda row: fate)
        assert people.counted() == {"removed": 1}
        people.sql("INSERT INTO {model} VALUES ('a@x.y', 'Ann', 1)")
        assert people.run().identities("resent") == ["a@x.y"]
        assert people.sent["a@x.y"] == {"name": "Ann", "points": 1}

    def test_row_that_was_never_sent_leaves_its_entry_as_it_was(self, people):
        people.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        people.run(lambda row: Fate.ABORTED)
        assert people.entries()["a@x.y"] == ("accepted", {"name": "Ann", "points": 1})
        assert people.counted() == {"changed": 1}

    @pytest.mark.parametrize("crash", list(Crash))
    @pytest.mark.parametrize("back", [True, False])
    @BOTH_WAYS
    def test_crash_loses_nothing(self, people, crash, back, fate):
        people.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        people.sql("DELETE FROM {model} WHERE email = 'b@x.y'")
        people.run(of("a@x.y", fate), crash=crash)
        if back:
            people.sql("UPDATE {model} SET points = 1 WHERE email = 'a@x.y'")
        people.run()
        assert people.lying_entries() == []
        assert people.sent == {
            "a@x.y": {"name": "Ann", "points": 1 if back else 9},
            "c@x.y": {"name": None, "points": None},
        }
        assert people.counted() == {}
        assert self.plans(people) == 0

    def test_recovered_run_resends_only_what_was_not_acknowledged(self, people):
        people.sql("UPDATE {model} SET points = 9")
        people.run(of("a@x.y", Fate.LOST), crash=Crash.AFTER_FLUSH)
        assert people.run().identities("changed") == ["a@x.y"]

    def test_recovery_without_its_plan_trusts_no_entry(self, people):
        people.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        dead = people.run(of("a@x.y", Fate.LANDED), crash=Crash.AFTER_FLUSH)
        people.sql("UPDATE {model} SET points = 1 WHERE email = 'a@x.y'")
        people.store().finish(dead.fence)
        assert people.run().kinds == {"resent": 3}
        assert people.sent["a@x.y"]["points"] == 1

    def test_fenced_recovery_leaves_the_plan_to_the_one_that_took_over(self, people):
        people.sql("UPDATE {model} SET points = 9")
        dead = people.run(of("a@x.y", Fate.LOST), crash=Crash.AFTER_FLUSH)
        slow, fast = people.lease(), people.lease()
        assert slow.acquire()
        run = people.store().lease_row().run
        people.expire()
        assert fast.acquire()
        people.store().recover(slow, run)
        assert people.store().lease_row().run == run
        assert people.store().recover(fast, run).unknown == 1
        assert run.fence == dead.fence
        assert self.plans(people) == 0

    def test_full_resync_sends_everything_and_still_sees_removals(self, people):
        people.sql("DELETE FROM {model} WHERE email = 'c@x.y'")
        assert people.run(full_refresh=True).kinds == {"resent": 2, "removed": 1}
        assert people.counted() == {}

    def test_commit_twice_changes_nothing(self, people):
        people.sql("UPDATE {model} SET points = points + 1")
        ran = people.run(of("a@x.y", Fate.LANDED), crash=Crash.AFTER_MERGE)
        before = people.entries()
        people.store().commit(people.store().lease_row().run, Ranges(), stale=False)
        assert people.entries() == before
        assert ran.kinds == {"changed": 2}

    @pytest.mark.parametrize("crash", [Crash.AFTER_FLUSH, Crash.AFTER_MERGE])
    def test_first_run_that_crashed_is_recovered(self, harness, crash):
        harness.model(PEOPLE, ROWS)
        fates = {"a@x.y": Fate.LANDED, "b@x.y": Fate.REJECTED, "c@x.y": Fate.ACCEPTED}
        dead = harness.run(lambda row: fates[row.identity], crash=crash)
        store, run = harness.store(), harness.store().lease_row().run
        for _ in range(2):
            store.commit(run, Ranges(), stale=False)
            assert harness.states() == {"a@x.y": "unknown", "c@x.y": "accepted"}
        harness.sql("DELETE FROM {model} WHERE email = 'c@x.y'")
        later = harness.run()
        assert dead.kinds == {"added": 3}
        assert later.kinds == {"resent": 1, "removed": 1}
        assert harness.states() == {"a@x.y": "accepted", "c@x.y": "absent"}
        assert harness.lying_entries() == []

    def late(self, harness: SyncHarness, statement: str, fence_shift: int) -> None:
        """A plan of one statement's changes, merged after a newer run has changed the same rows."""
        harness.sql(statement)
        store, lease = harness.store(), harness.lease()
        assert lease.acquire()
        rows = store.write_plan(store.diff(), lease.fence)
        acked = Ranges([(0, rows.get("changed", 0) + rows.get("added", 0))])
        harness.sql(f"UPDATE {{snapshot}} SET fence = {lease.fence + fence_shift}")
        store.commit(OpenRun(lease.fence, acked.end_of(0), acked), Ranges(), stale=False)

    @pytest.mark.parametrize(("shift", "points"), [(1, 1), (0, 9), (-1, 9)])
    def test_merge_of_an_older_fence_overwrites_no_newer_entry(self, people, shift, points):
        self.late(people, "UPDATE {model} SET points = 9 WHERE email = 'a@x.y'", shift)
        assert people.entries()["a@x.y"][1]["points"] == points

    def test_late_merge_cannot_revive_a_tombstone(self, people):
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        people.run()
        self.late(people, "INSERT INTO {model} VALUES ('a@x.y', 'Ann', 1)", 1)
        assert people.states()["a@x.y"] == "absent"

    @pytest.mark.parametrize(
        ("fences", "changed_at", "kept"), [(4, LONG_AGO, False), (1, LONG_AGO, True), (4, "", True)]
    )
    def test_tombstones_are_pruned_after_a_day_and_three_runs(self, people, fences, changed_at, kept):
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        people.run()
        at = changed_at or people.warehouse.dialect.now()
        people.sql(f"UPDATE {{snapshot}} SET changed_at = {at} WHERE state = 'absent'")
        for _ in range(fences):
            people.run()
        assert ("a@x.y" in people.states()) is kept
        assert len(people.states()) == 2 + kept

    def test_runs_are_listed_newest_first(self, people):
        store = people.store()
        assert last_runs(people.warehouse, store.tables, 5) == []
        make_runs_of_an_earlier_version(people.warehouse, store.tables)
        for number, problem in ((1, None), (2, "guard-removed")):
            origin = RunOrigin("anna", "etl-1", ("build", "removed")[:number], ("build",))
            row = RunRow(
                f"id {number}", number, "success", "2026-01-01 00:00:00.12", "", {"added": number}, problem, origin
            )
            record_run(people.warehouse, store.tables, row)
        newest, oldest = last_runs(people.warehouse, store.tables, 5)
        assert (newest.fence, newest.counts, newest.problem) == (2, {"added": 2}, "guard-removed")
        assert newest.origin == RunOrigin("anna", "etl-1", ("build", "removed"), ("build",))
        assert (oldest.invocation_id, oldest.started_at) == ("id 1", "2026-01-01 00:00:00.120000")
        assert len(oldest.ended_at) == len(oldest.started_at)
        assert last_runs(people.warehouse, store.tables, 1) == [newest]
