"""The stories of a run with a destination that nothing outside its own file knows."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.second_destination.collector_server import CollectorServer
from tests.stories.project import CALM, Project, values

ROOT = Path(__file__).parents[2]
META = {"destination": "collector", "object": "records", "id": "id", "fields": ["name", "points"]}


class CollectorProject(Project):
    """Its commands know the collector."""

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return self._begin("-m", "tests.second_destination", *arguments)


@pytest.fixture
def collector() -> Iterator[CollectorServer]:
    with CollectorServer() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, collector: CollectorServer) -> CollectorProject:
    environment = {**CALM, "COLLECTOR_URL": collector.url, "PYTHONPATH": str(ROOT)}
    made = CollectorProject.make(tmp_path / "shop", "http://127.0.0.1:1", META, environment)
    made.sql(
        "CREATE TABLE people AS SELECT 'r' || i AS id, 'A' || i AS name, i::DECIMAL(9, 2) AS points FROM range(10) t(i)"
    )
    return made


def run(project: CollectorProject, code: int = 0) -> None:
    ended = project.run("run")
    assert ended.code == code, ended.out + ended.err


def holds_the_model(project: CollectorProject, collector: CollectorServer) -> None:
    """The collector and the sync snapshot hold exactly the model, and a further run sends nothing."""
    names = values(project.sql("SELECT id, name FROM people"))
    assert {key: record["name"] for key, record in collector.records.items()} == names
    assert {row[0] for row in project.state("identity", "state = 'accepted'")} == set(names)
    before = len(collector.applied)
    run(project)
    assert len(collector.applied) == before


def test_first_run_change_and_removal(project: CollectorProject, collector: CollectorServer) -> None:
    run(project)
    assert project.counts("accepted", "added") == (10, 10)
    assert len(collector.requests) == 3
    assert collector.records["r3"] == {"id": "r3", "name": "A3", "points": 3.0}
    project.sql("UPDATE people SET name = 'B' WHERE id = 'r1'", "DELETE FROM people WHERE id = 'r2'")
    ended = project.run("plan")
    assert ended.says("1 changed", "1 removed", "their records are deleted"), ended.out
    run(project)
    assert project.counts("accepted", "changed", "removed") == (2, 1, 1)
    assert collector.applied[10:] == ["r1", "r2"]
    holds_the_model(project, collector)


def test_a_refused_row_is_the_only_one_that_is_held_back(project: CollectorProject, collector: CollectorServer) -> None:
    project.sql("UPDATE people SET points = -1 WHERE id = 'r5'")
    run(project)
    assert project.counts("accepted", "rejected") == (9, 1)
    assert "r5" not in collector.records
    assert project.run("rejected").says("record-refused", "points are negative")
    project.sql("UPDATE people SET points = 1 WHERE id = 'r5'")
    run(project)
    holds_the_model(project, collector)


def test_a_request_that_is_refused_as_a_whole_names_the_destination(
    project: CollectorProject, collector: CollectorServer
) -> None:
    collector.close()
    ended = project.run("run")
    assert ended.code == 1
    assert ended.says("The collector could not be reached", "COLLECTOR_URL"), ended.err


@pytest.mark.kills
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_next_run_completes_one_that_was_killed(
    project: CollectorProject, collector: CollectorServer, when: str
) -> None:
    project.kill_run(collector, when, 2)  # type: ignore[arg-type]  a server with the two hooks that it calls
    run(project)
    holds_the_model(project, collector)
    assert set(collector.applied) == {f"r{number}" for number in range(10)}


def test_a_destination_of_another_name_says_its_type(project: CollectorProject, collector: CollectorServer) -> None:
    (project.folder / "reverse_etl.yml").write_text("destinations:\n  crm:\n    type: collector\n")
    project.tag({**META, "destination": "crm"})
    run(project)
    assert len(collector.records) == 10


def test_a_destination_without_a_sandbox_is_never_replaced_or_sent_to(
    project: CollectorProject, collector: CollectorServer
) -> None:
    ended = project.run("run", "--sandbox")
    assert ended.code != 0
    assert ended.says("destination `collector` has no sandbox"), ended.out + ended.err
    assert collector.requests == []
