"""kill -9 at any moment, then run again: every changed row arrives, and little is sent twice."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.second_reading import SecondReading, second_reading
from tests.stories.project import QUICK, Project, values

ROWS = 200
WINDOW = int(QUICK["REVERSE_ETL_WINDOW"])
META = {"object": "users", "email": "email", "fields": {"name": "name"}}
# No lease runs out, and no reply is given up, while a test holds the server.
PATIENT = {
    "REVERSE_ETL_LEASE_TTL": "600",
    "REVERSE_ETL_HEARTBEAT": "30",
    "REVERSE_ETL_PAUSE_BOUND": "300",
    "REVERSE_ETL_LATE_REQUEST_BOUND": "600",
    "REVERSE_ETL_HTTP_TIMEOUT": "600",
}


@pytest.fixture
def iterable() -> Iterator[SecondReading]:
    with second_reading() as reading:
        yield reading


@pytest.fixture
def project(tmp_path: Path, iterable: SecondReading) -> Project:
    made = Project.make(tmp_path / "shop", iterable.url, META, QUICK)
    made.sql(f"CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'A' AS name FROM range({ROWS}) t(i)")
    return made


def model(project: Project) -> dict[object, object]:
    return values(project.sql("SELECT email, name FROM people"))


def settled(project: Project, iterable: SecondReading) -> None:
    """Iterable and the sync snapshot hold exactly the model, and a further run sends nothing."""
    expected = model(project)
    assert {email: user.get("name") for email, user in iterable.users.items()} == expected
    entries = project.state(f"identity, {project.value_column()}, state", "state <> 'absent'")
    assert {(row[0], row[1], row[2]) for row in entries} == {(k, v, "accepted") for k, v in expected.items()}
    before = len(iterable.applied)
    assert project.run("run").code == 0
    assert len(iterable.applied) == before


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 4, 13])
def test_killed_while_a_request_is_under_way(project: Project, iterable: SecondReading, when: str, number: int) -> None:
    process = None
    started = threading.Event()

    def kill(request: int) -> None:
        if request == number and started.wait(20) and process is not None:
            process.kill()
            process.wait()

    setattr(iterable, when, kill)
    process = project.start("run")
    started.set()
    process.communicate()
    assert process.returncode == -9
    again = project.run("run")
    assert again.code == 0, again.err
    settled(project, iterable)
    repeated = sum(times - 1 for times in Counter(email for email, _ in iterable.applied).values())
    assert repeated <= WINDOW


def test_a_value_that_was_sent_and_taken_back_before_the_next_run(project: Project, iterable: SecondReading) -> None:
    """A, B sent, killed, A again: the difference to what was accepted is nothing, and Iterable still ends with A."""
    assert project.run("run").code == 0
    project.sql("UPDATE people SET name = 'B'")
    first = iterable.number
    process = None

    def kill(request: int) -> None:
        if request == first + 3 and process is not None:
            process.kill()
            process.wait()

    iterable.after = kill
    process = project.start("run")
    process.communicate()
    assert process.returncode == -9
    assert "B" in {user["name"] for user in iterable.users.values()}
    project.sql("UPDATE people SET name = 'A'")
    again = project.run("run")
    assert again.code == 0, again.err
    settled(project, iterable)
    assert {user["name"] for user in iterable.users.values()} == {"A"}


def test_a_new_row_that_was_sent_and_left_before_the_next_run(project: Project, iterable: SecondReading) -> None:
    """The row may have landed, so it is deleted although no run ever saw it accepted."""
    project.tag({**META, "on_removed": "delete"})
    assert project.run("run").code == 0
    project.sql("INSERT INTO people VALUES ('new@shop.com', 'N')")
    process = None

    def kill(_request: int) -> None:
        if process is not None:
            process.kill()
            process.wait()

    iterable.after = kill
    process = project.start("run")
    process.communicate()
    assert process.returncode == -9
    assert "new@shop.com" in iterable.users
    iterable.after = lambda _request: None
    project.sql("DELETE FROM people WHERE email = 'new@shop.com'")
    again = project.run("run")
    assert again.code == 0, again.err
    assert iterable.deleted == ["new@shop.com"]
    settled(project, iterable)


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_random_moments_while_the_model_changes(project: Project, iterable: SecondReading, seed: int) -> None:
    chance = random.Random(seed)
    iterable.before = lambda _number: time.sleep(0.01)
    kills = 0
    for round_ in range(3):
        project.sql(f"UPDATE people SET name = '{'ABC'[round_]}' WHERE hash(email || '{seed}{round_}') % 2 = 0")
        process = project.start("run")
        time.sleep(chance.uniform(0.2, 1.6))
        kills += process.poll() is None
        process.kill()
        process.communicate()
    again = project.run("run")
    assert again.code == 0, again.err
    settled(project, iterable)
    wanted = ROWS + sum(1 for _ in range(3)) * ROWS
    assert len(iterable.applied) <= wanted + WINDOW * kills


def test_a_second_run_leaves_a_live_one_alone(project: Project, iterable: SecondReading) -> None:
    """The server keeps the first run waiting for a reply until the second run has ended."""
    project.environment |= PATIENT
    under_way, ended = threading.Event(), threading.Event()

    def hold(_number: int) -> None:
        under_way.set()
        ended.wait()

    iterable.before = hold
    first = project.start("run")
    try:
        assert under_way.wait(60)
        second = project.run("run")
        assert first.poll() is None
    finally:
        ended.set()
        _, err = first.communicate()
    assert first.returncode == 0, err
    assert second.code == 1
    assert second.says("lease-held", "process ", "hint: ")
    assert max(Counter(email for email, _ in iterable.applied).values()) == 1


def test_sigterm_finishes_what_is_under_way_and_sends_nothing_twice(project: Project, iterable: SecondReading) -> None:
    process = None

    def stop(number: int) -> None:
        if number == 5 and process is not None:
            process.terminate()
        time.sleep(0.02)

    iterable.before = stop
    process = project.start("run")
    process.communicate()
    assert process.returncode == 1
    sent = len(iterable.applied)
    assert 0 < sent < ROWS
    assert project.counts("accepted", "aborted", "planned") == (sent, ROWS - sent, ROWS)
    assert project.run("run").code == 0
    settled(project, iterable)
    assert max(Counter(email for email, _ in iterable.applied).values()) == 1


def test_a_request_that_lands_after_its_retry_was_accepted_overwrites_nothing_newer(
    project: Project, iterable: SecondReading
) -> None:
    project.environment["REVERSE_ETL_LATE_REQUEST_BOUND"] = "3"
    project.sql("DELETE FROM people WHERE email <> 'u1@shop.com'")
    iterable.before = lambda number: time.sleep(2.2 if number == 1 else 0)
    assert project.run("run").code == 0
    project.sql("UPDATE people SET name = 'B'")
    again = project.run("run")
    assert again.code == 0, again.err
    assert [data["name"] for _, data in iterable.applied][-2:] == ["A", "B"]
    settled(project, iterable)
