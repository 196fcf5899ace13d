"""The warehouse contract: what a run leaves behind, however it ends, and what its lease allows."""

from __future__ import annotations

import pytest

from reverse_etl.snapshot.lease import OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.rejections import count_rejections, list_rejections, requeue
from reverse_etl.snapshot.runs import RunRow, last_runs, record_run
from tests.contracts.comparing import PEOPLE, ROWS
from tests.contracts.trial import STATE_SCHEMA, Crash, Fate, Planned, Trial

BOTH_WAYS = pytest.mark.parametrize("fate", [Fate.LANDED, Fate.LOST])
EXPIRED = "TIMESTAMP '2000-01-01 00:00:00'"


def of(identity: str, fate: Fate, otherwise: Fate = Fate.ACCEPTED):
    """That fate for one row."""

    def chosen(row: Planned) -> Fate:
        return fate if row.identity == identity else otherwise

    return chosen


class CommittingContract:
    """Unknown outcomes, refusals, crashes and fences."""

    @pytest.fixture
    def people(self, trial) -> Trial:
        trial.model(PEOPLE, ROWS)
        trial.run()
        return trial

    def plans(self, trial: Trial) -> int:
        tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name LIKE 'plan%'"
        return int(trial.warehouse.query(tables, (STATE_SCHEMA,))[0][0])

    @BOTH_WAYS
    def test_unknown_row_is_sent_again_although_the_model_went_back(self, people, fate):
        people.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        people.run(lambda row: fate)
        assert people.states()["a@x.y"] == "unknown"
        people.sql("UPDATE {model} SET points = 1 WHERE email = 'a@x.y'")
        assert people.run().identities("changed") == ["a@x.y"]
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
        assert people.run().identities("changed") == ["a@x.y"]
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
        assert people.run().kinds == {"changed": 3}
        assert people.sent["a@x.y"]["points"] == 1

    def test_fenced_recovery_leaves_the_plan_to_the_one_that_took_over(self, people):
        people.sql("UPDATE {model} SET points = 9")
        dead = people.run(crash=Crash.AFTER_SEND)
        slow, fast = people.lease(), people.lease()
        assert slow.acquire()
        run = people.store().lease_row().run
        people.expire()
        assert fast.acquire()
        people.store().recover(slow, run)
        assert people.store().lease_row().run == run
        assert people.store().recover(fast, run) == 3
        assert run.fence == dead.fence
        assert self.plans(people) == 0

    def test_full_resync_sends_everything_and_still_sees_removals(self, people):
        people.sql("DELETE FROM {model} WHERE email = 'c@x.y'")
        assert people.run(full_refresh=True).kinds == {"changed": 2, "removed": 1}
        assert people.counted() == {}

    def test_commit_twice_changes_nothing(self, people):
        people.sql("UPDATE {model} SET points = points + 1")
        ran = people.run(of("a@x.y", Fate.LANDED), crash=Crash.AFTER_MERGE)
        before = people.entries()
        people.store().commit(people.store().lease_row().run, Ranges(), stale=False)
        assert people.entries() == before
        assert ran.kinds == {"changed": 2}

    def late(self, trial: Trial, statement: str, fence_shift: int) -> None:
        """A plan of one statement's changes, merged after a newer run has changed the same rows."""
        trial.sql(statement)
        store, lease = trial.store(), trial.lease()
        assert lease.acquire()
        rows = store.write_plan(store.diff(), lease.fence)
        acked = Ranges([(0, rows.get("changed", 0) + rows.get("added", 0))])
        trial.sql(f"UPDATE {{snapshot}} SET fence = {lease.fence + fence_shift}")
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
        ("fences", "changed_at", "kept"), [(4, EXPIRED, False), (1, EXPIRED, True), (4, "now()", True)]
    )
    def test_tombstones_are_pruned_after_a_day_and_three_runs(self, people, fences, changed_at, kept):
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        people.run()
        people.sql(f"UPDATE {{snapshot}} SET changed_at = {changed_at} WHERE state = 'absent'")
        for _ in range(fences):
            people.run()
        assert ("a@x.y" in people.states()) is kept
        assert len(people.states()) == 2 + kept

    def test_runs_are_listed_newest_first(self, people):
        store = people.store()
        assert last_runs(people.warehouse, store.tables, 5) == []
        for number, problem in ((1, None), (2, "guard-removed")):
            row = RunRow(f"id {number}", number, "success", "2026-01-01 00:00:00", "", {"added": number}, problem)
            record_run(people.warehouse, store.tables, row)
        newest, oldest = last_runs(people.warehouse, store.tables, 5)
        assert (newest.fence, newest.counts, newest.problem) == (2, {"added": 2}, "guard-removed")
        assert (oldest.invocation_id, oldest.started_at[:10]) == ("id 1", "2026-01-01")
        assert last_runs(people.warehouse, store.tables, 1) == [newest]


class HoldingContract:
    """Quarantine: refused rows wait until they change, or are asked for again."""

    @pytest.fixture
    def refused(self, trial) -> Trial:
        """One row refused, two accepted."""
        trial.model(PEOPLE, ROWS)
        trial.run(of("a@x.y", Fate.REJECTED))
        return trial

    def listed(self, trial: Trial) -> dict[str, str]:
        rejections = list_rejections(trial.warehouse, trial.store().tables.rejections, trial.name, 10)
        return {item.identity: f"{item.state} {item.code}" for item in rejections}

    def requeue(self, trial: Trial, *identities: str) -> int:
        return requeue(trial.warehouse, trial.store().tables.rejections, trial.name, identities)

    def test_refused_row_is_held_until_it_changes(self, refused):
        assert refused.counted() == {"quarantined": 1}
        assert refused.run().rows == ()
        refused.sql("UPDATE {model} SET points = 2 WHERE email = 'a@x.y'")
        assert refused.run().identities("added") == ["a@x.y"]
        assert refused.counted() == {}
        assert self.listed(refused) == {}

    def test_refused_change_leaves_the_old_values_accepted(self, refused):
        refused.sql("UPDATE {model} SET name = 'B' WHERE email = 'b@x.y'")
        refused.run(of("b@x.y", Fate.REJECTED))
        assert refused.entries()["b@x.y"] == ("accepted", {"name": "Bob", "points": 2})
        refused.sql("UPDATE {model} SET name = 'Bob' WHERE email = 'b@x.y'")
        assert refused.counted() == {"quarantined": 1}

    def test_refusal_is_listed_with_its_reason_and_counted(self, refused):
        (item,) = list_rejections(refused.warehouse, refused.store().tables.rejections, refused.name, 10)
        assert (item.identity, item.state, item.code) == ("a@x.y", "rejected", "invalid-data")
        assert (item.reason, item.attempts) == ("it's \\ refused\n", 1)
        counted = count_rejections(refused.warehouse, refused.store().tables.rejections, refused.name)
        assert counted == {"rejected invalid-data": 1}

    def test_refusal_of_another_sync_is_nothing_to_this_one(self, refused):
        other = Trial(refused.warehouse, name="other")
        assert other.run().kinds == {"added": 3}
        assert refused.counted() == {"quarantined": 1}

    @pytest.mark.parametrize(("identities", "count"), [((), 1), (("a@x.y",), 1), (("b@x.y",), 0)])
    def test_requeued_row_is_sent_again(self, refused, identities, count):
        assert self.requeue(refused, *identities) == count
        assert refused.run().kinds == ({"added": 1} if count else {})

    def test_skipped_row_is_looked_at_again_after_its_time(self, trial):
        trial.model(PEOPLE, ROWS)
        trial.run(of("a@x.y", Fate.SKIPPED))
        assert trial.counted() == {"quarantined": 1}
        trial.sql(f"UPDATE {{rejections}} SET retry_at = {EXPIRED}")
        assert trial.run().identities("added") == ["a@x.y"]

    def test_forgotten_user_is_never_sent_again(self, trial):
        trial.model(PEOPLE, ROWS)
        trial.run(of("a@x.y", Fate.FORGOTTEN))
        trial.sql("UPDATE {model} SET points = 77 WHERE email = 'a@x.y'")
        assert self.requeue(trial) == 0
        assert trial.run().rows == ()
        assert self.listed(trial) == {"a@x.y": "suppressed forgotten-user"}

    def test_refusal_after_an_unknown_attempt_leaves_the_row_unknown(self, trial):
        trial.model(PEOPLE, ROWS)
        trial.run()
        trial.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        trial.run(lambda row: Fate.REJECTED_AFTER_LANDING)
        assert trial.states()["a@x.y"] == "unknown"
        assert trial.counted() == {"quarantined": 1}
        trial.sql("UPDATE {model} SET points = 1 WHERE email = 'a@x.y'")
        assert trial.run().identities("changed") == ["a@x.y"]
        assert trial.sent["a@x.y"]["points"] == 1

    def test_refusal_is_written_once_however_often_it_is_told(self, trial):
        trial.model(PEOPLE, ROWS)
        trial.run(of("a@x.y", Fate.REJECTED), crash=Crash.AFTER_FLUSH)
        trial.run()
        assert self.listed(trial) == {"a@x.y": "rejected invalid-data"}
        assert trial.counted() == {"quarantined": 1}

    def test_invalid_rows_are_listed_while_they_last(self, trial):
        trial.model(PEOPLE, [*ROWS, (None, "No", 1), ("A@x.y", "Twin", 1)])
        trial.run()
        assert self.listed(trial) == {"None": "invalid null-identifier", "a@x.y": "invalid duplicate-key"}
        trial.sql("DELETE FROM {model} WHERE email IS NULL OR name = 'Twin'")
        trial.run()
        assert self.listed(trial) == {}


class LeasingContract:
    """One run at a time, and no write of one that lost its lease."""

    @pytest.fixture
    def leased(self, trial) -> Trial:
        trial.model(PEOPLE, ROWS)
        return trial

    def row(self, trial: Trial):
        return trial.store().lease_row()

    def test_no_lease_before_the_first_run(self, leased):
        assert self.row(leased) is None
        assert leased.look().lease is None

    def test_lease_keeps_its_first_lineage(self, leased):
        first = leased.store().prepare_lease("lineage", "salt")
        again = leased.store().prepare_lease("other", "pepper")
        assert (again.lineage, again.salt) == (first.lineage, first.salt) == ("lineage", "salt")

    def test_only_one_acquires(self, leased):
        first = leased.prepared()
        assert not leased.lease().acquire()
        assert (self.row(leased).fence, self.row(leased).holder is not None) == (first.fence, True)
        assert first.acquire()
        assert first.fence == 2

    def test_flush_writes_heartbeat_journal_and_credit(self, leased):
        lease = leased.prepared()
        assert lease.open_run()
        leased.sql(f"UPDATE {{lease}} SET beat_at = {EXPIRED}, expires_at = {EXPIRED}")
        assert lease.flush(50, Ranges([(0, 3), (7, 9)]))
        row = self.row(leased)
        assert (row.run.fence, row.run.credit, list(row.run.acked)) == (lease.fence, 50, [(0, 3), (7, 9)])
        assert 0 <= row.beat_age < 60
        assert 60 < row.expires_in <= 120

    @pytest.mark.parametrize("age", [240, 239])
    def test_dead_run_is_taken_over_when_its_requests_can_do_no_more(self, leased, age):
        leased.prepared()
        leased.sql(f"UPDATE {{lease}} SET expires_at = beat_at - to_seconds({age - 120 + (age == 240)})")
        assert leased.lease().acquire() is (age == 240)

    @pytest.mark.parametrize("unknown", [True, False])
    def test_closed_lease_is_quiet_while_a_request_may_take_effect(self, leased, unknown):
        lease = leased.prepared()
        assert lease.close(entries=3, unknown=unknown)
        row = self.row(leased)
        assert (row.holder, row.run, row.entries, row.serial) == (None, None, 3, 1)
        assert (row.free_in(120) > 60) is unknown
        assert leased.lease().acquire() is not unknown

    def test_quiet_time_passes(self, leased):
        assert leased.prepared().close(entries=3, unknown=True)
        leased.sql("UPDATE {lease} SET quiet_at = beat_at")
        assert leased.lease().acquire()

    def test_fenced_run_changes_nothing(self, leased):
        old = leased.prepared()
        leased.expire()
        new = leased.lease()
        assert new.acquire()
        assert new.open_run()
        assert new.flush(5, Ranges([(0, 1)]))
        before = self.row(leased)
        assert not old.flush(9, Ranges())
        assert not old.beat()
        assert not old.open_run()
        assert not old.close_run()
        assert not old.close(entries=0, unknown=False)
        assert not old.remember({"host": "elsewhere"}, "[]")
        after = self.row(leased)
        assert (after.fence, after.holder, after.run, after.serial) == (before.fence, before.holder, before.run, 0)
        assert after.destination == {}

    def test_fence_without_its_holder_changes_nothing(self, leased):
        lease = leased.prepared()
        stranger = leased.lease()
        stranger.fence = lease.fence
        assert not stranger.flush(9, Ranges())
        assert not stranger.close(entries=0, unknown=False)

    def test_lease_lost_between_taking_it_and_looking_is_not_ours(self, leased, monkeypatch):
        leased.store().prepare_lease("lineage", "salt")
        lease = leased.lease()
        execute = leased.warehouse.execute

        def slow(sql, params=()):
            touched = execute(sql, params)
            leased.warehouse.execute = execute
            leased.expire()
            assert leased.lease().acquire()
            return touched

        monkeypatch.setattr(leased.warehouse, "execute", slow)
        assert not lease.acquire()
        assert lease.fence == 0

    def test_destination_and_key_are_remembered(self, leased):
        lease = leased.prepared()
        assert lease.remember({"host": "h", "it's": "\\"}, '["email"]')
        row = self.row(leased)
        assert (row.destination, row.key_columns) == ({"host": "h", "it's": "\\"}, '["email"]')
