"""Iterable accepts rows but drops some of their fields: the run reports that, and not an outage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.doubles.scripted_server import Answer, Received, Server
from tests.stories.project import CALM, Project

ROWS = 40
COLUMNS = {"email": "VARCHAR", "name": "VARCHAR", "city": "VARCHAR"}
USERS = {"object": "users", "email": "email", "fields": ["name", "city"]}
FAILING = "u7@shop.com"


class Picky:
    """An Iterable that takes users without the fields it does not know; `fails`: it has no answer for some of them."""

    def __init__(self, server: Server) -> None:
        self.unknown: Sequence[str] = ["city"]
        self.fails = False
        server.answer = self.answer

    def answer(self, got: Received) -> Answer:
        if got.method == "GET":
            return Answer(200, {"fields": {"name": "string"}})
        if self.fails and FAILING.encode() in got.body:
            return Answer(500, {"msg": "", "code": "GenericError"})
        users = got.json["users"]
        sent = {name for user in users for name in user["dataFields"]}
        dropped = [name for name in self.unknown if name in sent]
        return Answer(200, {"successCount": len(users), "failCount": 0, "filteredOutFields": dropped})


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as started:
        yield started


@pytest.fixture
def iterable(server: Server) -> Picky:
    return Picky(server)


@pytest.fixture
def project(tmp_path: Path, server: Server) -> Project:
    environment = {**CALM, "REVERSE_ETL_BATCH_ROWS": "10", "REVERSE_ETL_ATTEMPTS": "2"}
    made = Project.make(tmp_path / "shop", server.url, USERS, environment)
    made.fill(COLUMNS, [{"email": f"u{n}@shop.com", "name": f"N {n}", "city": "Oslo"} for n in range(ROWS)])
    return made


def test_the_error_names_the_fields_and_what_to_do(project: Project, iterable: Picky) -> None:
    """Each run begins at once: every request of the one before was answered."""
    for _ in range(2):
        ended = project.cli("run", "--wait", "0")
        assert ended.code == 1
        assert ended.says("error[fields-dropped]", "took 40 rows without `city`", "create_new_fields: true")
        assert not ended.says("rows-not-delivered")
        assert not ended.says("no answer")
        result = project.result()
        assert (result["counts"]["failed"], result["counts"]["accepted"]) == (ROWS, 0)
        assert [(sample["status"], sample["code"]) for sample in result["samples"]] == [("failed", "dropped-fields")]
    iterable.unknown = []
    assert project.cli("run", "--wait", "0").code == 0
    assert project.result()["counts"]["accepted"] == ROWS


def test_every_field_that_was_dropped_is_named(project: Project, iterable: Picky) -> None:
    iterable.unknown = ["name", "city"]
    assert project.cli("run").says("error[fields-dropped]", "without `city`, `name`, which it does not know")


def test_rows_without_an_answer_beside_them_are_told_as_that(project: Project, iterable: Picky) -> None:
    iterable.fails = True
    ended = project.cli("run")
    assert ended.code == 1
    assert ended.says("error[rows-not-delivered]", "Run again")
    assert not ended.says("error[fields-dropped]")
    codes = {sample["code"]: sample["rows"] for sample in project.result()["samples"]}
    assert codes == {"dropped-fields": 30, "no-answer": 10}
    # A request that was not answered may still take effect.
    assert project.cli("run", "--wait", "0").says("lease-not-free")


def test_dropped_fields_that_are_allowed_are_a_warning(project: Project, iterable: Picky) -> None:
    project.tag({**USERS, "allow_dropped_fields": True})
    ended = project.cli("run")
    assert (ended.code, project.result()["counts"]["accepted"]) == (0, ROWS)
    assert "city" in project.result()["warnings"][0]
