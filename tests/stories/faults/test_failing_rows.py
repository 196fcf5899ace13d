"""One row makes Iterable fail every time: the other rows arrive, and the run finds, reports and rejects that row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.scripted_server import Answer, Received, Server
from tests.stories.project import CALM, Project

COLUMNS = {"id": "VARCHAR", "email": "VARCHAR", "name": "VARCHAR", "items": "JSON"}
ITEMS = '[{"id": "1", "name": "One", "price": 1, "quantity": 1}]'
USERS = {"object": "users", "email": "email", "fields": ["name"]}
PURCHASES = {
    "object": "purchases",
    "purchase_id": "id",
    "email": "email",
    "items": "items",
    "fields": ["name"],
    "total": {"value": 1},
}
POISON = "poison@shop.com"
SECRET = "Somebody Secret"
BOOM = {"msg": f"cannot index {SECRET} of {POISON}", "code": "GenericError"}


class Fragile:
    """An Iterable that answers 500 to every request that holds the poison, and takes all others."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.taken: list[int] = []
        server.answer = self.answer

    def answer(self, got: Received) -> Answer:
        if got.method == "GET":
            return Answer(200, {"fields": {"name": "string"}})
        rows = got.json.get("users") or [got.json]
        if POISON.encode() in got.body:
            return Answer(500, BOOM, {"Iterable-Request-Id": f"r-{len(self.server.requests)}"})
        self.taken.append(len(rows))
        if "users" in got.json:
            return Answer(200, {"successCount": len(rows), "failCount": 0})
        return Answer(200, {"msg": "", "code": "Success", "params": None})


@pytest.fixture
def iterable() -> Iterator[Fragile]:
    with Server() as server:
        yield Fragile(server)


def project_of(folder: Path, iterable: Fragile, definition: object, rows: int) -> Project:
    environment = {**CALM, "REVERSE_ETL_BATCH_ROWS": "16", "REVERSE_ETL_ATTEMPTS": "2"}
    project = Project.make(folder / "shop", iterable.server.url, definition, environment)
    people = [{"id": f"p{n}", "email": f"u{n}@shop.com", "name": f"N {n}", "items": ITEMS} for n in range(rows)]
    people[rows // 2] |= {"email": POISON, "name": SECRET}
    project.fill(COLUMNS, people)
    return project


def run(project: Project) -> tuple[int, dict[str, Any]]:
    """Exit code and result of one run. It does not wait for the requests of the run before."""
    for (table,) in project.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'lease__%'"):
        project.sql(f"UPDATE reverse_etl.{table} SET quiet_at = TIMESTAMP '2000-01-01'")
    ended = project.cli("run")
    return ended.code, project.result()


def test_the_row_is_isolated_by_halves_and_then_held_back(tmp_path: Path, iterable: Fragile) -> None:
    project = project_of(tmp_path, iterable, USERS, 16)
    accepted, codes = [], []
    for _ in range(7):
        code, result = run(project)
        accepted.append(result["counts"]["accepted"])
        codes.append((code, result["counts"]["failed"], result["counts"]["rejected"]))
    assert accepted == [0, 8, 4, 2, 1, 0, 0]
    assert codes == [(1, 16, 0), (1, 8, 0), (1, 4, 0), (1, 2, 0), (1, 1, 0), (1, 1, 0), (0, 0, 1)]
    assert iterable.taken == [8, 4, 2, 1]
    told(project, "rejected", "generic-error")
    code, result = run(project)
    assert (code, result["counts"]["planned"], result["counts"]["quarantined"]) == (0, 0, 1)
    assert project.state("state", "identity = 'poison@shop.com'") == [("unknown",)]


def test_a_row_of_its_own_request_is_held_back_after_three_runs(tmp_path: Path, iterable: Fragile) -> None:
    project = project_of(tmp_path, iterable, PURCHASES, 6)
    for number in range(3):
        _, result = run(project)
        assert result["counts"]["accepted"] == (5 if number == 0 else 0)
        told(project, *(("rejected", "generic-error") if number == 2 else ("failed", "no-answer")))
    assert iterable.taken == [1] * 5
    project.fill(COLUMNS, [{"id": "p3", "email": "sound@shop.com", "name": "N", "items": ITEMS}])
    code, result = run(project)
    assert (code, result["counts"]["accepted"]) == (0, 1)
    assert json.loads(project.cli("rejected", "--output", "json").out)["rejected"] == []


def told(project: Project, state: str, code: str) -> None:
    """The row is reported with what Iterable answered, in the result file and by `rejected`, without its values."""
    ended = project.cli("rejected", "--output", "json")
    [row] = json.loads(ended.out)["rejected"]
    assert (row["state"], row["code"]) == (state, code)
    [sample] = project.result()["samples"]
    for said in (row, sample["responses"][0]):
        assert (said["http_status"], said["response_code"]) == (500, "GenericError")
        assert said["response_message"] == "cannot index … of …"
        assert said["request_id"].startswith("r-")
    assert SECRET not in ended.out + json.dumps(project.result())
    assert project.cli("rejected").says("status 500", "GenericError", row["request_id"])


def test_what_answers_is_not_called_out_of_reach(tmp_path: Path, iterable: Fragile) -> None:
    project = project_of(tmp_path, iterable, PURCHASES, 6)
    project.sql(f"UPDATE people SET email = '{POISON}'")
    ended = project.cli("run")
    assert ended.code == 1
    assert ended.says("error[destination-unavailable]", "status 500", "GenericError")
    assert not ended.says("could not be reached")
