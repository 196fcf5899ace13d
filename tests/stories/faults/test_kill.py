"""kill -9 at any moment, then run again: every changed row arrives, and little is sent twice."""

from __future__ import annotations

import random
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reference_iterable import ReferenceServer, Reply, serve_reference
from tests.stories.doomed import STEPS
from tests.stories.project import PATIENT, WINDOWED, Project, values

pytestmark = pytest.mark.kills

ROWS = 200
WINDOW = int(WINDOWED["REVERSE_ETL_WINDOW"])
# Most rows change at once, to one value.
GUARDS = {"changed": False, "column_drift": False}
META = {"object": "users", "email": "email", "fields": {"name": "name"}, "guards": GUARDS}


@pytest.fixture
def iterable() -> Iterator[ReferenceServer]:
    with serve_reference() as reference:
        yield reference


@pytest.fixture
def project(tmp_path: Path, iterable: ReferenceServer) -> Project:
    made = Project.make(tmp_path / "shop", iterable.url, META, WINDOWED)
    made.sql(f"CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'A' AS name FROM range({ROWS}) t(i)")
    return made


def wait_for(event: threading.Event, process: subprocess.Popen[str]) -> None:
    """Wait for what a living process will do."""
    while not event.wait(0.1):
        assert process.poll() is None


def model(project: Project) -> dict[object, object]:
    return values(project.sql("SELECT email, name FROM people"))


def settled(project: Project, iterable: ReferenceServer) -> None:
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
def test_killed_while_a_request_is_under_way(
    project: Project, iterable: ReferenceServer, when: str, number: int
) -> None:
    project.kill_run(iterable, when, number)
    again = project.run("run")
    assert again.code == 0, again.err
    settled(project, iterable)
    repeated = sum(times - 1 for times in Counter(email for email, _ in iterable.applied).values())
    assert repeated <= WINDOW


def test_a_value_that_was_sent_and_taken_back_before_the_next_run(project: Project, iterable: ReferenceServer) -> None:
    """A, B sent, killed, A again: the difference to what was accepted is nothing, and Iterable still ends with A."""
    assert project.run("run").code == 0
    project.sql("UPDATE people SET name = 'B'")
    project.kill_run(iterable, "after", iterable.number + 3)
    assert "B" in {user["name"] for user in iterable.users.values()}
    project.sql("UPDATE people SET name = 'A'")
    again = project.run("run")
    assert again.code == 0, again.err
    settled(project, iterable)
    assert {user["name"] for user in iterable.users.values()} == {"A"}


def test_a_new_row_that_was_sent_and_left_before_the_next_run(project: Project, iterable: ReferenceServer) -> None:
    """The row may have landed, so it is deleted although no run ever saw it accepted."""
    project.tag({**META, "on_removed": "delete"})
    assert project.run("run").code == 0
    project.sql("INSERT INTO people VALUES ('new@shop.com', 'N')")
    project.kill_run(iterable, "after", iterable.number + 1)
    assert "new@shop.com" in iterable.users
    project.sql("DELETE FROM people WHERE email = 'new@shop.com'")
    again = project.run("run")
    assert again.code == 0, again.err
    assert iterable.deleted == ["new@shop.com"]
    settled(project, iterable)


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_random_moments_while_the_model_changes(
    project: Project, iterable: ReferenceServer, seed: int
) -> None:
    """While any statement or request of a run is under way."""
    chance = random.Random(seed)
    kills = 0
    for round_ in range(3):
        project.sql(f"UPDATE people SET name = '{'ABC'[round_]}' WHERE hash(email || '{seed}{round_}') % 2 = 0")
        kills += project.die(chance.randint(1, STEPS))
    again = project.run("run")
    assert again.code == 0, again.err
    settled(project, iterable)
    wanted = ROWS + sum(1 for _ in range(3)) * ROWS
    assert len(iterable.applied) <= wanted + WINDOW * kills


def test_a_second_run_leaves_a_live_one_alone(project: Project, iterable: ReferenceServer) -> None:
    """The server keeps the first run waiting for a reply until the second run has ended."""
    project.environment |= PATIENT
    under_way, ended = threading.Event(), threading.Event()

    def hold(_number: int) -> None:
        under_way.set()
        ended.wait()

    iterable.before = hold
    first = project.start("run")
    try:
        wait_for(under_way, first)
        second = project.run("run")
        assert first.poll() is None
    finally:
        ended.set()
        _, err = first.communicate()
    assert first.returncode == 0, err
    assert second.code == 1
    assert second.says("lease-held", "process ", "hint: ")
    assert max(Counter(email for email, _ in iterable.applied).values()) == 1


def test_sigterm_finishes_what_is_under_way_and_sends_nothing_twice(
    project: Project, iterable: ReferenceServer
) -> None:
    """The server keeps the run waiting from its fifth request on, until the run has said that it stops."""
    project.environment |= PATIENT
    under_way, stopping = threading.Event(), threading.Event()

    def hold(number: int) -> None:
        if number >= 5:
            under_way.set()
            stopping.wait()

    iterable.before = hold
    process = project.start("run")
    wait_for(under_way, process)
    process.terminate()
    assert process.stderr is not None
    for line in process.stderr:
        if "stopping" in line:
            break
    stopping.set()
    process.communicate()
    assert process.returncode == 1
    sent = len(iterable.applied)
    assert 0 < sent < ROWS
    assert project.counts("accepted", "aborted", "planned") == (sent, ROWS - sent, ROWS)
    assert project.run("run").code == 0
    settled(project, iterable)
    assert max(Counter(email for email, _ in iterable.applied).values()) == 1


def test_a_request_that_lands_after_its_retry_was_accepted_overwrites_nothing_newer(
    project: Project, iterable: ReferenceServer
) -> None:
    """Its connection is cut before it is applied, and its retry is accepted. The next run waits for it to land."""
    project.sql("DELETE FROM people WHERE email <> 'u1@shop.com'")
    iterable.answer = lambda number: Reply(502, b"") if number == 1 else None
    iterable.drop_reply = lambda number: number == 1
    assert project.run("run").code == 0
    assert [entry.status for entry in iterable.log if entry.number] == [502, 200]
    project.sql("UPDATE people SET name = 'B'")
    early = project.run("run", "--wait", "0")
    assert (early.code, early.says("lease-not-free", "may still take effect")) == (1, True)
    late = next(entry for entry in iterable.log if entry.number)
    iterable.send_request(late.method, late.path, late.body)
    project.let_time_pass()
    again = project.run("run")
    assert again.code == 0, again.err
    assert [data["name"] for _, data in iterable.applied] == ["A", "A", "B"]
    settled(project, iterable)
