"""`baseline --compare`: rows that Iterable holds as they would be sent are adopted; the next run sends the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.change import RunResult, SyncStatus
from reverse_etl.run.baseline.request import BaselineMethod, BaselineRequest
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB
from tests.stories.project import Project
from tests.stories.running import opened, run
from tests.stories.sides import SIDES, Side

SETTINGS = Settings(batch_rows=100, requests_per_second=1000, user_pause=0)
USERS = {
    "object": "users",
    "email": "email",
    "fields": ["name", "score", "visits", "vip", "seen", "day", "tags", "address"],
}
USERS["fields"] = {name: name for name in USERS["fields"]} | {"plan.tier": "tier"}
COLUMNS = {
    "email": "VARCHAR",
    "name": "VARCHAR",
    "score": "DOUBLE",
    "visits": "BIGINT",
    "vip": "BOOLEAN",
    "seen": "TIMESTAMPTZ",
    "day": "DATE",
    "tags": "VARCHAR[]",
    "address": "STRUCT(city VARCHAR, zip VARCHAR)",
    "tier": "VARCHAR",
}
ROW = {
    "name": "Zoë 🐈",
    "score": 1.0,
    "visits": 7,
    "vip": True,
    "seen": "2024-05-01 12:00:00+00",
    "day": "2024-05-01",
    "tags": ["a", "b"],
    "address": {"city": "Bern", "zip": None},
    "tier": "pro",
}
# The same row as another tool wrote it.
THERE = {
    "name": "Zoë 🐈",
    "score": 1,
    "visits": 7,
    "vip": True,
    "seen": "2024-05-01T14:00:00.000+02:00",
    "day": "2024-05-01 00:00:00",
    "tags": ["a", "b"],
    "address": {"city": "Bern"},
    "plan": {"tier": "pro", "since": 2020},
    "otherTool": "extra",
}
DIFFERENCES: dict[str, dict[str, Any]] = {
    "name": {"name": "Zoe 🐈"},
    "score": {"score": 1.5},
    "visits": {"visits": 8},
    "vip": {"vip": False},
    "seen": {"seen": "2024-05-01 12:00:01 +00:00"},
    "day": {"day": "2024-05-02"},
    "tags": {"tags": ["b", "a"]},
    "address": {"address": {"city": "Bern", "zip": "3000"}},
    "plan.tier": {"plan": {"tier": "free"}},
}


@pytest.fixture(params=list(SIDES))
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with SIDES[request.param]("email", opt_in=False) as made:
        yield made


def compare(project: Project, side: Side, meta: object, **given: Any) -> RunResult:
    request = BaselineRequest(BaselineMethod.COMPARE, project.folder / "downloads")
    with closing(opened(DuckDB, project.folder)) as warehouse:
        return run(warehouse, side.url, meta, SETTINGS, baseline=request, **given)


def send(project: Project, side: Side, meta: object) -> RunResult:
    with closing(opened(DuckDB, project.folder)) as warehouse:
        result = run(warehouse, side.url, meta, SETTINGS)
    assert result.status is SyncStatus.SUCCESS, result.problem
    return result


def write_users(side: Side, rows: dict[str, dict[str, Any]]) -> None:
    """What another tool does: a single call for each user, new fields first by a whole row."""
    for email, data in rows.items():
        side.call("POST", "/api/users/update", {"email": email, "dataFields": data})


def test_only_rows_that_differ_are_left_to_the_next_run(tmp_path: Path, side: Side) -> None:
    project = Project.make(tmp_path / "shop", side.url, USERS)
    emails = ["Equal@shop.com", *(f"{name}@shop.com" for name in DIFFERENCES), "missing@shop.com"]
    project.fill(COLUMNS, [{"email": email, **ROW} for email in emails])
    there = {
        "equal@shop.com": {**THERE, "score": 1.5},
        **{f"{name}@shop.com": {**THERE, **more} for name, more in DIFFERENCES.items()},
    }
    write_users(side, {**there, "only@shop.com": THERE})
    write_users(side, {"equal@shop.com": THERE})
    result = compare(project, side, USERS)
    assert result.status is SyncStatus.SUCCESS, result.problem
    report = result.baseline
    assert report is not None
    assert (report.equal, report.different, report.missing, report.only_there) == (1, len(DIFFERENCES), 1, 1)
    assert report.different_fields == dict.fromkeys(DIFFERENCES, 1)
    assert not (project.folder / "downloads").exists()
    assert send(project, side, USERS).counts.accepted == len(DIFFERENCES) + 1
    users = side.memory.users()
    assert users["only@shop.com"]["name"] == THERE["name"]
    assert users["equal@shop.com"]["otherTool"] == "extra"
    assert side.advice() == []
