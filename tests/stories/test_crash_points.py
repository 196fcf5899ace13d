"""A run that dies between any two of its statements: the next one brings everything to where it belongs."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from reverse_etl.change import RunResult, SyncStatus
from reverse_etl.definition import Tagged, read_definitions
from reverse_etl.destination import Destination
from reverse_etl.events import silent
from reverse_etl.iterable import entries
from reverse_etl.iterable.client import Access, HttpClient
from reverse_etl.iterable.pacing import Pacer, Time
from reverse_etl.run.ready import Wiring, make_ready
from reverse_etl.runner import run_sync
from reverse_etl.secret import Secret
from reverse_etl.settings import Settings
from reverse_etl.warehouses.base import Patience
from reverse_etl.warehouses.duckdb import DuckDB
from tests.second_reading import SecondReading
from tests.stories.project import Project, values

META = {"object": "users", "email": "email", "fields": {"name": "name"}, "on_removed": "delete"}
SETTINGS = Settings(
    lease_ttl=1.0,
    heartbeat=0.1,
    pause_bound=0.1,
    late_request_bound=0.6,
    http_timeout=0.6,
    batch_rows=2,
    window=4,
    requests_per_second=1000,
    concurrency=1,
)


class Killed(BaseException):
    """What stands for kill -9: nothing in the code under test catches it."""


class Dying(DuckDB):
    """A warehouse whose process dies before its statement number `at`, counted from 0."""

    at = -1
    statements = 0

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        number, self.statements = self.statements, self.statements + 1
        if number == self.at:
            raise Killed
        return super().execute(sql, params)


def open_dying(project: Project) -> Dying:
    path = str(project.folder / "shop.duckdb")
    options = {"read_only": False, "config": {"memory_limit": "200MB"}}
    return Dying(path, options, Patience(5, time.monotonic, time.sleep))


def run(warehouse: Dying, url: str) -> RunResult:
    [sync], _ = read_definitions(
        Tagged("people", "model.shop.people", '"shop"."main"."people"', "people.yml"), META, entries()
    )
    destination = Destination("iterable", url, "email", Secret("sandbox-story"))
    wiring = Wiring(
        settings=SETTINGS,
        time=Time(time.monotonic, time.sleep, random.Random(1).random),
        wall=lambda: "2026-01-01 00:00:00",
        listener=silent,
        client=lambda d: HttpClient(Access(d.base_url, d.api_key, SETTINGS.http_timeout)),
        pacer=lambda _, endpoint: Pacer(endpoint.per_second, time.monotonic),
        new_id=iter(f"id{random.random()}" for _ in itertools.count()).__next__,
        alive=lambda _note: False,
        holder_note={},
        invocation_id="story",
        wait=5,
    )
    return run_sync(make_ready(sync, destination, warehouse), warehouse, wiring)


def settled(project: Project, iterable: SecondReading) -> None:
    model = values(project.sql("SELECT email, name FROM people"))
    assert {email: user.get("name") for email, user in iterable.users.items()} == model
    column = project.value_column()
    assert values(project.state(f"identity, {column}", "state = 'accepted'")) == model
    assert project.state("identity", "state = 'unknown'") == []


def begin(project: Project) -> None:
    project.sql("CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'A' AS name FROM range(7) t(i)")


def change(project: Project) -> None:
    project.sql(
        "UPDATE people SET name = 'B' WHERE email < 'u4'",
        "DELETE FROM people WHERE email = 'u6@shop.com'",
        "INSERT INTO people VALUES ('new@shop.com', 'N')",
    )


def statements_of(project: Project, url: str) -> int:
    warehouse = open_dying(project)
    assert run(warehouse, url).status is SyncStatus.SUCCESS
    return warehouse.statements


@pytest.mark.parametrize("first", [True, False], ids=["first-run", "later-run"])
def test_dead_before_each_statement(tmp_path: Path, iterable: SecondReading, first: bool) -> None:
    for at in itertools.count():
        iterable.clear()
        project = Project.make(tmp_path / f"shop{at}" / "shop", iterable.url, META)
        begin(project)
        if not first:
            assert statements_of(project, iterable.url) > 10
            change(project)
        dying = open_dying(project)
        dying.at = at
        try:
            run(dying, iterable.url)
        except Killed:
            dying.close()
        else:
            assert at > 10
            return
        if first:
            change(project)
        else:
            project.sql("UPDATE people SET name = 'A' WHERE name = 'B'")
        again = run(open_dying(project), iterable.url)
        assert again.status is SyncStatus.SUCCESS, (at, again.problem)
        settled(project, iterable)
