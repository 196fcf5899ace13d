"""The steps of the commit protocol in the real code: each test fails if one of the steps is left out."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.change import SyncStatus
from reverse_etl.delivery.rate_limiter import RateLimiter, Time
from reverse_etl.errors import ConfigError, ReverseEtlError, WarehouseError
from reverse_etl.events import Event
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB
from tests.reference_iterable import ReferenceServer, Reply
from tests.stories import paused
from tests.stories.project import Project, values
from tests.stories.running import opened, run

META = {"object": "users", "email": "email", "fields": {"name": "name"}}
DELETING = {**META, "on_removed": "delete"}
# Ten requests of two rows, one after the other, in one window.
SETTINGS = Settings(batch_rows=2, concurrency=1, requests_per_second=1000, user_pause=0)
ROWS = 20
AN_HOUR = 3600.0


class Watched(DuckDB):
    """A warehouse that reports each statement that writes, before it is run, with its values."""

    tell: Callable[[str, Sequence[object]], object] = staticmethod(lambda _sql, _params: None)

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        self.tell(sql, params)
        return super().execute(sql, params)

    def ours(self, kind: str) -> str:
        """The table of ours whose name begins so."""
        [(name,)] = self.query(f"SELECT table_name FROM information_schema.tables WHERE table_name LIKE '{kind}%'")
        return f"reverse_etl.{name}"

    def take_over(self) -> None:
        """Another run takes the lease."""
        super().execute(f"UPDATE {self.ours('lease__')} SET fence = fence + 1, holder = 'another run'")


class Clock:
    """The real clock, ahead by what a test says."""

    ahead = 0.0

    @property
    def time(self) -> Time:
        return Time(lambda: time.monotonic() + self.ahead, time.sleep, lambda: 0.5)


def is_flush(sql: str) -> bool:
    return sql.startswith("UPDATE") and "credit = ?, acked = ?" in sql


def is_close(sql: str) -> bool:
    return sql.startswith("UPDATE") and "closed_fence = fence" in sql


def is_acquire(sql: str) -> bool:
    return sql.startswith("UPDATE") and "fence = fence + 1" in sql


@pytest.fixture
def project(tmp_path: Path, iterable: ReferenceServer) -> Project:
    """Twenty people, none of them sent."""
    made = Project.make(tmp_path / "shop", iterable.url, META)
    made.sql(f"CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'A' AS name FROM range({ROWS}) t(i)")
    return made


@pytest.fixture
def warehouse(project: Project) -> Watched:
    return opened(Watched, project.folder)  # type: ignore[return-value]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def states(project: Project) -> dict[object, object]:
    return values(project.state("identity, state"))


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not happened():
        assert process.poll() is None
        time.sleep(0.05)


@pytest.mark.kills
def test_a_run_that_slept_beyond_its_lease_sends_nothing_after_it_wakes(
    project: Project, iterable: ReferenceServer
) -> None:
    """It is stopped (SIGSTOP) while the server holds a request of it; an hour later another run does its work."""
    under_way, awake = threading.Event(), threading.Event()

    def hold(number: int) -> None:
        if number == 3:
            under_way.set()
            awake.wait()

    iterable.before = hold
    with sleeper(project, iterable.url) as process:
        wait_for(under_way.is_set, process)
        sent = sleep_and_be_replaced(process, project, iterable)
        awake.set()
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate()
    check_that_it_sent_nothing_more(out, sent, project, iterable)


@pytest.mark.kills
def test_a_run_that_slept_with_its_permit_does_not_send(project: Project, iterable: ReferenceServer) -> None:
    """The same, but it is stopped between the permit of its rate limiter and the request. Nothing else is to come."""
    hold = project.folder / "hold"
    hold.touch()
    with sleeper(project, iterable.url) as process:
        wait_for((project.folder / "permitted").exists, process)
        sent = sleep_and_be_replaced(process, project, iterable)
        hold.unlink()
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate()
    check_that_it_sent_nothing_more(out, sent, project, iterable)


def sleeper(project: Project, url: str) -> subprocess.Popen[str]:
    """A run in a process of its own."""
    (project.folder / "ahead").write_text("0")
    command = [sys.executable, paused.__file__, str(project.folder), url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def sleep_and_be_replaced(process: subprocess.Popen[str], project: Project, iterable: ReferenceServer) -> int:
    """Stop the process for an hour, in which another run does its work; the number of requests so far."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    (project.folder / "ahead").write_text(str(AN_HOUR))
    project.let_time_pass()
    ended = project.cli("run")
    assert ended.code == 0, ended.err
    return iterable.number


def check_that_it_sent_nothing_more(out: str, sent: int, project: Project, iterable: ReferenceServer) -> None:
    assert json.loads(out) == ["error", "lease-lost"]
    assert iterable.number == sent
    assert set(states(project).values()) == {"accepted"}
    assert len(states(project)) == len(iterable.users) == ROWS


def test_a_run_that_slept_between_its_permit_and_its_request_does_not_send_it(
    project: Project, iterable: ReferenceServer, warehouse: Watched, clock: Clock
) -> None:
    class Sleepy(RateLimiter):
        def take(self) -> int:
            permit = super().take()
            if permit and iterable.number == 2 and not clock.ahead:
                warehouse.take_over()
                clock.ahead = AN_HOUR
            return permit

    limiter = Sleepy(1000, clock.time.monotonic)
    result = run(warehouse, iterable.url, META, SETTINGS, clock.time, limiter=lambda *_: limiter)
    assert iterable.number == 2
    assert result.problem is not None
    assert result.problem.code == "lease-lost"


def test_no_range_is_acknowledged_before_its_exceptions_are_written(
    project: Project, iterable: ReferenceServer, warehouse: Watched, clock: Clock
) -> None:
    """Else a run that dies in between would leave a refused row as accepted."""
    iterable.refused = {"u3@shop.com", "u8@shop.com"}
    iterable.after = lambda _number: setattr(clock, "ahead", clock.ahead + SETTINGS.beat)
    seen = set()

    def check(sql: str, params: Sequence[object]) -> None:
        if is_flush(sql):
            plan = warehouse.ours("plan__")
            for start, end in json.loads(str(params[1])):
                covered = warehouse.query(
                    f"SELECT p.identity, r.identity FROM {plan} p LEFT JOIN reverse_etl.sync_rejections r"
                    f" ON r.ordinal = p.ordinal WHERE p.ordinal >= {start} AND p.ordinal < {end}"
                )
                seen.update(identity for identity, _ in covered)
                missing = {identity for identity, written in covered if written is None}
                assert not missing & iterable.refused

    warehouse.tell = check
    run(warehouse, iterable.url, META, SETTINGS, clock.time)
    assert len(seen) == ROWS


class Killed(BaseException):
    """What stands for kill -9."""


def test_a_refused_row_is_never_taken_for_accepted_whichever_statement_the_run_died_at(
    project: Project, iterable: ReferenceServer
) -> None:
    """Every statement from the first flush on."""
    iterable.refused = {"u1@shop.com"}
    project.sql("DELETE FROM people WHERE email NOT IN ('u0@shop.com', 'u1@shop.com', 'u2@shop.com')")
    at = 0
    died = True
    while died:
        at += 1
        project.sql("DROP SCHEMA IF EXISTS reverse_etl CASCADE")
        died = dies_after_its_first_flush(project, iterable, at)
        project.let_time_pass()
        again = run(opened(DuckDB, project.folder), iterable.url, META, SETTINGS)
        assert again.status is SyncStatus.WARN, (at, again.problem)
        assert states(project).get("u1@shop.com") in (None, "unknown")
        assert {email for email, state in states(project).items() if state == "accepted"} == set(iterable.users)
    assert at > 5


def dies_after_its_first_flush(project: Project, iterable: ReferenceServer, at: int) -> bool:
    dying: Watched = opened(Watched, project.folder)  # type: ignore[assignment]
    said: list[str] = []

    def tell(sql: str, _params: Sequence[object]) -> None:
        if said or is_flush(sql):
            said.append(sql)
        if len(said) == at:
            raise Killed

    dying.tell = tell
    try:
        run(dying, iterable.url, META, SETTINGS)
    except Killed:
        return True
    finally:
        dying.close()
    return False


def change_and_remove(project: Project) -> None:
    project.sql(
        "UPDATE people SET name = 'B' WHERE email < 'u14'",
        "DELETE FROM people WHERE email IN ('u18@shop.com', 'u19@shop.com')",
        "INSERT INTO people VALUES ('new@shop.com', 'N')",
    )


@pytest.mark.parametrize("concurrency", [1, 4])
def test_removals_go_out_after_everything_else_was_answered(
    project: Project, iterable: ReferenceServer, concurrency: int
) -> None:
    settings = SETTINGS.model_copy(update={"concurrency": concurrency})
    assert run(opened(DuckDB, project.folder), iterable.url, DELETING, settings).status is SyncStatus.SUCCESS
    change_and_remove(project)
    open_now: set[int] = set()
    beside: list[set[int]] = []
    before = iterable.number

    def arrives(number: int) -> None:
        open_now.add(number)
        beside.append(set(open_now))

    iterable.before, iterable.after = arrives, open_now.discard
    assert run(opened(DuckDB, project.folder), iterable.url, DELETING, settings).status is SyncStatus.SUCCESS
    methods = [one.method for one in sorted(iterable.log, key=lambda one: one.number) if one.number > before]
    assert methods == sorted(methods, key=lambda method: method == "DELETE")
    assert methods.count("DELETE") == 2
    first = before + 1 + methods.index("DELETE")
    assert all(min(some) >= first for some in beside if max(some) >= first)


@pytest.mark.parametrize("applied", [True, False])
def test_nothing_is_removed_while_a_row_has_no_answer(
    project: Project, iterable: ReferenceServer, applied: bool
) -> None:
    settings = SETTINGS.model_copy(update={"attempts": 1})
    assert run(opened(DuckDB, project.folder), iterable.url, DELETING, settings).status is SyncStatus.SUCCESS
    change_and_remove(project)
    lost = iterable.number + 2
    iterable.drop_reply = lambda number: number == lost
    iterable.answer = lambda number: Reply(502) if number == lost and not applied else None
    result = run(opened(DuckDB, project.folder), iterable.url, DELETING, settings)
    assert (result.counts.failed, result.counts.aborted) == (2, 2)
    assert iterable.deleted == []
    project.let_time_pass()
    assert run(opened(DuckDB, project.folder), iterable.url, DELETING, settings).status is SyncStatus.SUCCESS
    assert sorted(iterable.deleted) == ["u18@shop.com", "u19@shop.com"]


@pytest.mark.parametrize("flush", [1, 2, 4])
def test_a_flush_that_touches_no_row_ends_the_run(
    project: Project, iterable: ReferenceServer, warehouse: Watched, clock: Clock, flush: int
) -> None:
    """The first one permits to send; the others are heartbeats between two requests, of a lease that is not over."""
    iterable.after = lambda _number: setattr(clock, "ahead", clock.ahead + SETTINGS.beat)
    flushes: list[int] = []

    def lose(sql: str, _params: Sequence[object]) -> None:
        if is_flush(sql):
            flushes.append(iterable.number)
            if len(flushes) == flush:
                warehouse.take_over()

    warehouse.tell = lose
    result = run(warehouse, iterable.url, META, SETTINGS, clock.time)
    assert result.problem is not None
    assert (result.status, result.problem.code) == (SyncStatus.ERROR, "lease-lost")
    assert iterable.number == flushes[flush - 1] == len(flushes) - 1
    assert project.state("identity") == []


def test_a_long_window_is_full_of_heartbeats(
    project: Project, iterable: ReferenceServer, warehouse: Watched, clock: Clock
) -> None:
    """Each request takes most of a minute, and all of them several times as long as a lease lasts."""
    iterable.after = lambda _number: setattr(clock, "ahead", clock.ahead + 50)
    beats: list[float] = []
    warehouse.tell = lambda sql, _params: beats.append(clock.ahead) if is_flush(sql) else None
    result = run(warehouse, iterable.url, META, SETTINGS, clock.time)
    assert (result.status, result.counts.accepted) == (SyncStatus.SUCCESS, ROWS)
    assert clock.ahead > 3 * SETTINGS.lease_ttl
    assert all(later - sooner <= 50 for sooner, later in itertools.pairwise(beats))


def test_a_window_may_take_longer_to_read_than_a_lease_lasts(
    project: Project, iterable: ReferenceServer, clock: Clock
) -> None:
    class Slow(Watched):
        def batches(self, sql: str, rows: int) -> Iterator[Any]:
            clock.ahead += SETTINGS.lease_ttl
            return super().batches(sql, rows)

    result = run(opened(Slow, project.folder), iterable.url, META, SETTINGS, clock.time)
    assert clock.ahead >= SETTINGS.lease_ttl
    assert (result.status, result.counts.accepted) == (SyncStatus.SUCCESS, ROWS)


@pytest.mark.parametrize(("left", "guard"), [(100, "guard-removed"), (0, "guard-empty-model")])
def test_guards_look_at_the_plan_and_not_at_the_first_look_alone(
    project: Project, iterable: ReferenceServer, warehouse: Watched, left: int, guard: str
) -> None:
    """The model loses its rows while the run takes its lease, and the plan compares again."""
    warehouse.dialect.keeps_temporary = False
    project.sql("INSERT INTO people SELECT 'v' || i || '@shop.com', 'A' FROM range(380) t(i)")
    settings = Settings(requests_per_second=1000, user_pause=0)
    assert run(warehouse, iterable.url, DELETING, settings).status is SyncStatus.SUCCESS
    project.sql("UPDATE people SET name = 'B' WHERE email = 'u1@shop.com'")

    def lose(sql: str, _params: Sequence[object]) -> None:
        if is_acquire(sql):
            DuckDB.execute(warehouse, f"DELETE FROM main.people WHERE rowid >= {left}")

    warehouse.tell = lose
    before = iterable.number
    result = run(warehouse, iterable.url, DELETING, settings)
    assert result.problem is not None
    assert (result.status, result.problem.code) == (SyncStatus.STOPPED, guard)
    assert iterable.number == before
    assert set(states(project).values()) == {"accepted"}


def test_plan_has_the_rows_of_the_first_look_if_no_other_run_came_between(
    project: Project, iterable: ReferenceServer, warehouse: Watched
) -> None:
    """The model loses its rows while the run takes its lease: the guards of the next run see that."""
    project.sql("INSERT INTO people SELECT 'v' || i || '@shop.com', 'A' FROM range(380) t(i)")
    settings = Settings(requests_per_second=1000, user_pause=0)
    assert run(warehouse, iterable.url, DELETING, settings).status is SyncStatus.SUCCESS
    project.sql("UPDATE people SET name = 'B' WHERE email = 'u1@shop.com'")

    def lose(sql: str, _params: Sequence[object]) -> None:
        if is_acquire(sql):
            DuckDB.execute(warehouse, "DELETE FROM main.people")

    warehouse.tell = lose
    result = run(warehouse, iterable.url, DELETING, settings)
    assert (result.status, result.counts.accepted, result.counts.changed) == (SyncStatus.SUCCESS, 1, 1)
    warehouse.tell = Watched.tell
    stopped = run(warehouse, iterable.url, DELETING, settings)
    assert stopped.problem is not None
    assert stopped.problem.code == "guard-empty-model"


def test_rows_that_a_stopped_run_never_sent_stay_what_they_were(
    project: Project, iterable: ReferenceServer, warehouse: Watched
) -> None:
    assert run(warehouse, iterable.url, META, SETTINGS).status is SyncStatus.SUCCESS
    project.sql("UPDATE people SET name = 'B'")
    stop = iterable.number + 2
    result = run(warehouse, iterable.url, META, SETTINGS, stop=lambda: iterable.number >= stop)
    warehouse.unlock()
    sent, left = result.counts.accepted, result.counts.aborted
    assert 0 < sent < ROWS
    assert sent + left == ROWS
    entries = project.state(f"{project.value_column()}, state")
    assert sorted(entries) == sorted([("A", "accepted")] * left + [("B", "accepted")] * sent)
    before = iterable.number
    assert run(warehouse, iterable.url, META, SETTINGS).counts.planned == left
    assert iterable.number > before


def test_rows_that_were_still_to_be_sent_when_a_heartbeat_failed_stay_what_they_were(
    project: Project, iterable: ReferenceServer, warehouse: Watched, clock: Clock
) -> None:
    assert run(warehouse, iterable.url, META, SETTINGS).status is SyncStatus.SUCCESS
    warehouse.unlock()
    project.sql("UPDATE people SET name = 'B'")
    iterable.after = lambda _number: setattr(clock, "ahead", clock.ahead + SETTINGS.beat)
    flushes: list[str] = []

    def fail(sql: str, _params: Sequence[object]) -> None:
        flushes.extend([sql] if is_flush(sql) else [])
        if is_flush(sql) and len(flushes) == 3:
            raise WarehouseError("duckdb-error", "the file is away", context={}, hint="None.")

    warehouse.tell = fail
    result = run(warehouse, iterable.url, META, SETTINGS, clock.time)
    warehouse.unlock()
    sent, left = result.counts.accepted, result.counts.aborted
    assert (result.status, sent + left) == (SyncStatus.ERROR, ROWS)
    assert 0 < sent < ROWS
    entries = project.state(f"{project.value_column()}, state")
    assert sorted(entries) == sorted([("A", "accepted")] * left + [("B", "accepted")] * sent)


def test_rows_that_were_permitted_and_never_given_stay_what_they_were(
    project: Project, iterable: ReferenceServer
) -> None:
    """The warehouse fails right after the flush that permits to send them."""
    asked: list[str] = []

    class Failing(Watched):
        def query(self, sql: str, params: Sequence[object] = ()) -> list[Any]:
            if asked and "sync_rejections" in sql:
                asked.clear()
                raise WarehouseError("duckdb-error", "the file is away", context={}, hint="None.")
            return super().query(sql, params)

    warehouse: Watched = opened(Failing, project.folder)  # type: ignore[assignment]
    assert run(warehouse, iterable.url, META, SETTINGS).status is SyncStatus.SUCCESS
    warehouse.unlock()
    project.sql("UPDATE people SET name = 'B'")
    sent = iterable.number
    warehouse.tell = lambda sql, _params: asked.extend([sql] if is_flush(sql) else [])
    result = run(warehouse, iterable.url, META, SETTINGS)
    warehouse.unlock()
    assert (result.status, result.counts.aborted, iterable.number) == (SyncStatus.ERROR, ROWS, sent)
    assert set(project.state(f"{project.value_column()}, state")) == {("A", "accepted")}


def test_a_close_that_touches_no_row_is_a_fault(
    project: Project, iterable: ReferenceServer, warehouse: Watched
) -> None:
    warehouse.tell = lambda sql, _params: warehouse.take_over() if is_close(sql) else None
    result = run(warehouse, iterable.url, META, SETTINGS)
    assert result.problem is not None
    assert (result.status, result.problem.code) == (SyncStatus.ERROR, "lease-lost")


@pytest.mark.parametrize("status", [502, None], ids=["a bad gateway", "a connection that was cut"])
def test_a_late_attempt_keeps_the_quiet_time_although_its_retry_was_accepted(
    project: Project, iterable: ReferenceServer, warehouse: Watched, status: int | None
) -> None:
    """It may still take effect, and would overwrite what the next run sends."""
    iterable.answer = lambda number: Reply(status or 502) if number == 1 else None
    iterable.drop_reply = lambda number: number == 1 and status is None
    result = run(warehouse, iterable.url, META, SETTINGS)
    assert (result.status, result.counts.accepted, result.traffic.retries) == (SyncStatus.SUCCESS, ROWS, 1)
    warehouse.unlock()
    project.sql("UPDATE people SET name = 'B'")
    sent = iterable.number
    early = run(warehouse, iterable.url, META, SETTINGS, wait=0)
    assert early.problem is not None
    assert (early.problem.code, iterable.number) == ("lease-not-free", sent)
    warehouse.unlock()
    project.let_time_pass()
    assert run(warehouse, iterable.url, META, SETTINGS).status is SyncStatus.SUCCESS
    assert {user["name"] for user in iterable.users.values()} == {"B"}


def test_a_run_whose_every_attempt_was_answered_leaves_no_quiet_time(
    project: Project, iterable: ReferenceServer, warehouse: Watched
) -> None:
    assert run(warehouse, iterable.url, META, SETTINGS).status is SyncStatus.SUCCESS
    warehouse.unlock()
    project.sql("UPDATE people SET name = 'B'")
    assert run(warehouse, iterable.url, META, SETTINGS, wait=0).status is SyncStatus.SUCCESS


FAULTS = [
    WarehouseError("duckdb-error", "no statement for you", context={}, hint="None."),
    ConfigError("database-locked", "another process has the file", context={}, hint="None."),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_run_that_could_not_write_its_plan_is_not_called_dead(
    project: Project, iterable: ReferenceServer, warehouse: Watched, fault: ReverseEtlError
) -> None:
    def fail(sql: str, _params: Sequence[object]) -> None:
        if sql.startswith("CREATE TABLE") and "plan__" in sql:
            raise fault

    warehouse.tell = fail
    assert run(warehouse, iterable.url, META, SETTINGS).status is SyncStatus.ERROR
    warehouse.tell = Watched.tell
    told: list[Event] = []
    assert run(warehouse, iterable.url, META, SETTINGS, wait=0, listener=told.append).status is SyncStatus.SUCCESS
    [recovered] = [event for event in told if event.name == "RunRecovered"]
    assert (recovered.level, recovered.message) == ("info", "sync `people`: took over run 1, which sent nothing")


def test_a_configuration_that_is_found_wrong_under_the_lease_does_not_block_the_next_run(
    project: Project, iterable: ReferenceServer, warehouse: Watched
) -> None:
    class Refusing:
        def send(self, _request: object) -> Reply:
            raise ConfigError("wrong-project-type", "another type of project", context={}, hint="None.")

        def close(self) -> None:
            pass

    result = run(warehouse, iterable.url, META, SETTINGS, client=lambda _config: Refusing())
    assert result.problem is not None
    assert (result.status, result.problem.code) == (SyncStatus.ERROR, "wrong-project-type")
    assert run(warehouse, iterable.url, META, SETTINGS, wait=0).status is SyncStatus.SUCCESS


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_run_that_could_not_commit_what_it_sent_keeps_its_lease(
    project: Project, iterable: ReferenceServer, warehouse: Watched, fault: ReverseEtlError
) -> None:
    def fail(sql: str, _params: Sequence[object]) -> None:
        if sql.startswith(("MERGE", "INSERT INTO")) and "snapshot__" in sql.split("SELECT", maxsplit=1)[0]:
            raise fault

    warehouse.tell = fail
    assert run(warehouse, iterable.url, META, SETTINGS).status is SyncStatus.ERROR
    warehouse.tell = Watched.tell
    early = run(warehouse, iterable.url, META, SETTINGS, wait=0)
    assert early.problem is not None
    assert early.problem.code == "lease-not-free"
    warehouse.unlock()
    project.let_time_pass()
    sent = iterable.number
    assert run(warehouse, iterable.url, META, SETTINGS).status is SyncStatus.SUCCESS
    assert (iterable.number, set(states(project).values())) == (sent, {"accepted"})


def test_a_run_that_had_nothing_to_send_and_could_not_commit_does_not_block_the_next_run(
    project: Project, iterable: ReferenceServer, warehouse: Watched
) -> None:
    """A new field without a value: the sync snapshot gets a column, and no row changes."""
    assert run(warehouse, iterable.url, META, SETTINGS).status is SyncStatus.SUCCESS
    warehouse.unlock()
    project.sql("ALTER TABLE people ADD COLUMN nick VARCHAR")
    wider = {**META, "fields": {"name": "name", "nick": "nick"}}

    def fail(sql: str, _params: Sequence[object]) -> None:
        if sql.startswith("MERGE"):
            raise FAULTS[0]

    warehouse.tell = fail
    sent = iterable.number
    assert run(warehouse, iterable.url, wider, SETTINGS).status is SyncStatus.ERROR
    assert iterable.number == sent
    warehouse.tell = Watched.tell
    assert run(warehouse, iterable.url, wider, SETTINGS, wait=0).status is SyncStatus.SUCCESS
