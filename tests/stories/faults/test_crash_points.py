"""A run that dies between any two of its statements: the next one brings everything to where it belongs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from reverse_etl.change import SyncStatus
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB
from tests.reference_iterable import ReferenceServer
from tests.stories.project import Project, values
from tests.stories.running import opened, run

META = {"object": "users", "email": "email", "fields": {"name": "name"}, "on_removed": "delete"}
SETTINGS = Settings(batch_rows=2, window=4, requests_per_second=1000, concurrency=1, user_pause=0)


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


def settled(project: Project, iterable: ReferenceServer) -> None:
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
    warehouse = opened(Dying, project.folder)
    assert run(warehouse, url, META, SETTINGS).status is SyncStatus.SUCCESS
    return warehouse.statements


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("first", [True, False], ids=["first-run", "later-run"])
def test_dead_before_each_statement(tmp_path: Path, iterable: ReferenceServer, first: bool) -> None:
    for at in itertools.count():
        iterable.clear()
        project = Project.make(tmp_path / f"shop{at}" / "shop", iterable.url, META)
        begin(project)
        if not first:
            assert statements_of(project, iterable.url) > 10
            change(project)
        dying = opened(Dying, project.folder)
        dying.at = at
        try:
            run(dying, iterable.url, META, SETTINGS)
        except Killed:
            dying.close()
            project.let_time_pass()
        else:
            assert at > 10
            return
        if first:
            change(project)
        else:
            project.sql("UPDATE people SET name = 'A' WHERE name = 'B'")
        again = run(opened(Dying, project.folder), iterable.url, META, SETTINGS)
        assert again.status is SyncStatus.SUCCESS, (at, again.problem)
        settled(project, iterable)
