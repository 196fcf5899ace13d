"""Runs that send a part of their plan: `--limit`, the budget of a sync, and `--max-runtime`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from reverse_etl.change import RunResult, SyncStatus
from reverse_etl.delivery.rate_limiter import Time
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB
from tests.reference_iterable import ReferenceServer
from tests.stories.conftest import META, PEOPLE
from tests.stories.project import Project
from tests.stories.running import opened, run

SETTINGS = Settings(batch_rows=3, window=6, requests_per_second=1000, concurrency=1, user_pause=0)


def test_a_limit_sends_the_first_rows_and_leaves_the_rest_for_the_next_run(
    shop: Project, iterable: ReferenceServer
) -> None:
    planned = shop.cli("plan", "--limit", "5")
    assert planned.says("7 rows of 12 for later runs")
    ended = shop.cli("run", "--limit", "5")
    assert ended.code == 0
    assert ended.says("`--limit` ended the run; 7 rows are left for the next run")
    assert shop.counts("planned", "accepted", "aborted", "failed") == (12, 5, 7, 0)
    assert (shop.result()["status"], shop.result()["left"], shop.result()["ended_by"]) == ("warn", 7, "limit")
    assert len(iterable.applied) == 5
    assert shop.cli("run").code == 0
    assert shop.counts("added", "accepted", "resent", "unchanged") == (7, 7, 0, 5)
    assert shop.result()["left"] == 0
    assert len({email for email, _ in iterable.applied}) == len(iterable.applied) == 12


def test_a_limit_that_the_plan_fits_into_is_not_mentioned(shop: Project) -> None:
    assert shop.cli("run", "--limit", "12").code == 0
    assert (shop.result()["status"], shop.result()["left"], shop.result()["ended_by"]) == ("success", 0, None)


@pytest.mark.parametrize("limit", ["0", "-3"])
def test_a_limit_below_one_is_an_error(shop: Project, iterable: ReferenceServer, limit: str) -> None:
    for command in ("run", "plan"):
        ended = shop.cli(command, "--limit", limit)
        assert ended.code == 2
        assert ended.says("wrong-limit", f"found {limit}")
    assert not iterable.applied


def test_invalid_rows_do_not_use_up_a_limit_and_are_not_left(shop: Project, iterable: ReferenceServer) -> None:
    shop.sql("UPDATE people SET email = NULL WHERE email = 'u0@shop.com'")
    assert shop.cli("run", "--limit", "3").code == 0
    assert shop.counts("planned", "accepted", "invalid", "aborted") == (12, 3, 1, 8)
    assert shop.result()["left"] == 8
    assert shop.cli("run", "--limit", "8").code == 0
    assert shop.counts("planned", "accepted", "invalid", "aborted") == (9, 8, 1, 0)
    assert shop.result()["left"] == 0
    assert len(iterable.applied) == 11


def test_rows_to_write_come_before_rows_to_remove(tmp_path: Path, iterable: ReferenceServer) -> None:
    meta = {"object": "list_members", "mode": "mirror", "list": {"name": "VIP"}, "create_list": True, "email": "email"}
    shop = Project.make(tmp_path / "shop", iterable.url, {**meta, "guards": {"removed": False}})
    shop.sql(PEOPLE.format(rows=6))
    assert shop.cli("run").code == 0
    shop.sql("DELETE FROM people WHERE email < 'u3'", "INSERT INTO people VALUES ('n1@shop.com', 'N', 'pro')")
    assert shop.cli("run", "--limit", "2").code == 0
    assert shop.counts("added", "removed", "accepted", "aborted") == (1, 3, 2, 2)
    assert shop.cli("run").code == 0
    assert shop.counts("added", "removed", "accepted", "aborted") == (0, 2, 2, 0)


def test_a_budget_ends_a_run_without_an_error(tmp_path: Path, iterable: ReferenceServer) -> None:
    budget = {"max_rows_per_run": 10, "max_requests": 3}
    shop = Project.make(tmp_path / "shop", iterable.url, {**META, "budget": budget}, {"REVERSE_ETL_BATCH_ROWS": "2"})
    shop.sql(PEOPLE.format(rows=12))
    assert shop.cli("run").code == 0
    assert shop.counts("accepted", "aborted", "failed") == (6, 6, 0)
    assert (shop.result()["requests"], shop.result()["left"], shop.result()["ended_by"]) == (3, 6, "max_requests")
    assert shop.result()["fields_sent"] == 12, "two fields of each row that was sent"
    assert shop.cli("run").code == 0
    assert shop.counts("accepted", "aborted") == (6, 0)
    assert shop.result()["ended_by"] is None
    assert len({email for email, _ in iterable.applied}) == len(iterable.applied) == 12


def test_rows_beyond_the_budget_wait(tmp_path: Path, iterable: ReferenceServer) -> None:
    shop = Project.make(tmp_path / "shop", iterable.url, {**META, "budget": {"max_rows_per_run": 10}})
    shop.sql(PEOPLE.format(rows=12))
    assert json.loads(shop.cli("plan", "--output", "json").out)["plans"][0]["left"] == 2
    assert shop.cli("run").code == 0
    assert (shop.result()["left"], shop.result()["ended_by"]) == (2, "max_rows_per_run")
    assert shop.cli("run", "--limit", "1").code == 0
    assert (shop.result()["left"], shop.result()["ended_by"]) == (1, "limit")
    assert len(iterable.applied) == 11


def test_no_request_starts_after_the_longest_running_time(shop: Project, iterable: ReferenceServer) -> None:
    ended = shop.cli("run", "--max-runtime", "0.000001s")
    assert ended.code == 0
    assert ended.says("sync `people`: not run\n")
    assert (shop.result()["status"], shop.result()["ended_by"]) == ("warn", "max_runtime")
    assert not iterable.applied
    assert shop.cli("run", "--max-runtime", "1h30m").code == 0
    assert len(iterable.applied) == 12


@pytest.mark.parametrize("time", ["soon", "1x", "-5m"])
def test_a_wrong_running_time_shows_a_right_one(shop: Project, time: str) -> None:
    ended = shop.cli("run", "--max-runtime", time)
    assert ended.code == 2
    assert ended.says("wrong-setting", "max_runtime", "`30m`", f"found '{time}'")


def test_a_run_does_not_wait_for_a_lease_beyond_its_longest_running_time(shop: Project) -> None:
    assert shop.cli("run").code == 0
    shop.sql("UPDATE people SET name = 'X'")
    shop.sql("UPDATE reverse_etl.lease__people_c9022680 SET quiet_at = now()::TIMESTAMP + INTERVAL 1 MINUTE")
    ended = shop.cli("run", "--max-runtime", "20s")
    assert ended.code == 1
    assert ended.says("lease-not-free", "becomes free in", "the longest running time (`max_runtime`) ends in")
    assert shop.cli("run", "--max-runtime", "20s", "--wait", "0").says("lease-not-free", "--wait is 0 s")


def test_a_limited_run_is_judged_by_what_it_sends_and_later_runs_as_before(shop: Project) -> None:
    assert shop.cli("run").code == 0
    shop.sql(PEOPLE.replace("CREATE TABLE", "CREATE OR REPLACE TABLE").format(rows=3000))
    assert shop.cli("plan").says("guard-added")
    assert shop.cli("run", "--limit", "100").code == 0
    assert shop.cli("run", "--only", "u2999@shop.com").code == 0
    stopped = shop.cli("run")
    assert stopped.code == 1
    assert stopped.says("guard-added")
    assert shop.cli("run", "--allow", "added").code == 0
    assert shop.counts("accepted") == (2887,)


def test_lookups_leave_requests_of_a_budget_to_send_rows(
    shop: Project, tmp_path: Path, iterable: ReferenceServer
) -> None:
    assert shop.cli("run").code == 0
    meta = {**META, "mode": "update", "budget": {"max_requests": 4}}
    second = Project.make(tmp_path / "second", iterable.url, meta)
    second.sql(PEOPLE.format(rows=12).replace("'Name '", "'New '"))
    assert second.cli("run").code == 0
    assert second.counts("accepted", "failed") == (2, 0)
    assert (second.result()["requests"], second.result()["ended_by"]) == (4, "max_requests")


class Jumping:
    """A clock that stands still, and jumps to `end` when a test says so."""

    now, end = 0.0, 60.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def jump(self, _number: int) -> None:
        self.now = self.end


LONG: dict[str, dict[str, object]] = {
    "users": {},
    "removals": {"on_removed": "delete", "guards": {"empty_model": False, "removed": False, "shrunk": False}},
    "lookups": {"mode": "update", "guards": {"changed": False, "column_drift": False}},
}


def run_for(shop: Project, iterable: ReferenceServer, meta: object, clock: Jumping) -> RunResult:
    """Run for a minute of this clock."""
    with closing(opened(DuckDB, shop.folder)) as warehouse:
        time = Time(clock.monotonic, clock.sleep, lambda: 0.5)
        return run(warehouse, iterable.url, meta, SETTINGS, time, ends_at=clock.end)


@pytest.mark.parametrize("kind", LONG)
def test_the_longest_running_time_ends_a_sync_between_two_requests(
    tmp_path: Path, iterable: ReferenceServer, kind: str
) -> None:
    """What was under way is finished and committed, and the next run sends what is left, each row once."""
    meta = {**META, **LONG[kind]}
    shop = Project.make(tmp_path / "shop", iterable.url, meta)
    shop.sql(PEOPLE.format(rows=12))
    if kind != "users":
        run_for(shop, iterable, {**meta, "mode": "upsert"}, Jumping())
        shop.sql("DELETE FROM people" if kind == "removals" else "UPDATE people SET name = 'New'")
    clock, before = Jumping(), iterable.number
    iterable.after = lambda number: clock.jump(number) if number == before + 2 else None
    ended = run_for(shop, iterable, meta, clock)
    assert (ended.status, ended.ended_by, ended.problem) == (SyncStatus.WARN, "max_runtime", None)
    assert (ended.counts.failed, ended.counts.accepted + ended.left) == (0, 12)
    assert 0 < ended.left < 12
    assert iterable.number == before + 2
    words = f"the longest running time (`max_runtime`) ended the run; {ended.left} rows are left for the next run"
    assert ended.warnings == (words,)
    again = run_for(shop, iterable, meta, Jumping())
    assert (again.status, again.counts.accepted, again.counts.resent) == (SyncStatus.SUCCESS, ended.left, 0)
