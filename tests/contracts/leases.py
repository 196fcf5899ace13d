"""The warehouse contract: one run at a time, and no write of one that lost its lease."""

from __future__ import annotations

import pytest

from reverse_etl.snapshot.ranges import Ranges
from tests.contracts.change_detection import PEOPLE, ROWS
from tests.contracts.sync_harness import LONG_AGO, SyncHarness


class LeasesContract:
    """One run at a time, and no write of one that lost its lease."""

    @pytest.fixture
    def leased(self, harness) -> SyncHarness:
        harness.model(PEOPLE, ROWS)
        return harness

    def row(self, harness: SyncHarness):
        return harness.store().lease_row()

    def test_no_lease_before_the_first_run(self, leased):
        assert self.row(leased) is None
        assert leased.read_status().lease is None

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
        leased.sql(f"UPDATE {{lease}} SET beat_at = {LONG_AGO}, expires_at = {LONG_AGO}")
        assert lease.flush(50, Ranges([(0, 3), (7, 9)]))
        row = self.row(leased)
        assert (row.run.fence, row.run.credit, list(row.run.acked)) == (lease.fence, 50, [(0, 3), (7, 9)])
        assert 0 <= row.beat_age < 60
        assert 60 < row.expires_in <= 120

    @pytest.mark.parametrize("age", [240, 180])
    def test_dead_run_is_taken_over_when_its_requests_can_do_no_more(self, leased, age):
        leased.prepared()
        past = leased.warehouse.dialect.add_seconds("beat_at", -(age - 120 + (age == 240)))
        leased.sql(f"UPDATE {{lease}} SET expires_at = {past}")
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
        assert not old.close_run(0)
        assert not old.close(entries=0, unknown=False)
        assert not old.remember({"host": "elsewhere"}, "[]")
        after = self.row(leased)
        assert (after.fence, after.holder, after.run, after.serial) == (before.fence, before.holder, before.run, 0)
        assert after.destination == {}

    def test_released_lease_is_free_at_once_and_its_run_stays_open(self, leased):
        lease = leased.prepared()
        assert lease.open_run()
        assert lease.flush(5, Ranges([(0, 1)]))
        assert lease.release()
        assert not lease.flush(9, Ranges())
        assert leased.lease().acquire()
        assert self.row(leased).run.credit == 5

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

    def test_heartbeat_comes_from_a_second_session_too(self, leased, reopen):
        lease = leased.prepared()
        session = leased.warehouse if leased.warehouse.exclusive else reopen()
        leased.sql(f"UPDATE {{lease}} SET beat_at = {LONG_AGO}, expires_at = {LONG_AGO}")
        assert lease.beat(session)
        row = self.row(leased)
        assert 0 <= row.beat_age < 60
        assert 60 < row.expires_in <= 120
        leased.expire()
        assert leased.lease().acquire()
        assert not lease.beat(session)
