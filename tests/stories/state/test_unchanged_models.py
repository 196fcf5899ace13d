"""A model whose table has not changed since a run that left nothing behind is not compared; in doubt it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.change import RunResult, SyncStatus
from reverse_etl.run.environment import RowChoice
from reverse_etl.run.model_versions import comparison
from reverse_etl.settings import Settings
from reverse_etl.warehouses import table_version
from reverse_etl.warehouses.base import ResultRow
from reverse_etl.warehouses.duckdb import DuckDB
from reverse_etl.warehouses.table_version import TableVersion
from tests.reference_iterable import ReferenceServer, serve_reference
from tests.stories.project import Project
from tests.stories.running import opened, run

META = {"object": "users", "email": "email", "fields": {"name": "name"}}
SETTINGS = Settings(requests_per_second=1000, concurrency=1, user_pause=0)


class Versioned(DuckDB):
    """A warehouse that knows the version of its one table: the test's own. Statements that read the table are kept."""

    version = TableVersion("1", 0, 100)
    readings: list[str]

    def table_version(self, relation: str) -> TableVersion | None:
        assert relation == '"shop"."main"."people"'
        return self.version

    def query(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        self.readings += [sql] if '"people"' in sql else []
        return super().query(sql, params)

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        self.readings += [sql] if '"people"' in sql else []
        return super().execute(sql, params)


class Shop:
    """Seven people. `version` is the table's; `build` changes it, as dbt would."""

    def __init__(self, folder: Path, iterable: ReferenceServer) -> None:
        self.iterable = iterable
        self.project = Project.make(folder / "shop", iterable.url, META)
        self.version = TableVersion("0", 0, 100)
        self.builds = 0
        self.meta: dict[str, Any] = dict(META)
        self.build("CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'A' AS name FROM range(7) t(i)")

    def build(self, *statements: str) -> None:
        self.builds += 1
        self.version = replace(self.version, text=str(self.builds))
        self.project.sql(*statements)

    def run(self, settings: Settings = SETTINGS, **given: Any) -> RunResult:
        warehouse = opened(Versioned, self.project.folder)
        warehouse.version, warehouse.readings = self.version, []
        result = run(warehouse, given.pop("url", self.iterable.url), self.meta, settings, **given)
        warehouse.close()
        assert bool(warehouse.readings) is not bool(result.not_compared_since), warehouse.readings
        return result

    def skips(self, **given: Any) -> bool:
        """Run, and return whether the run did not compare. What it says then is no count."""
        result = self.run(**given)
        if not result.not_compared_since:
            return False
        assert result.status is SyncStatus.SUCCESS
        assert not any(result.counts.as_dict().values())
        return True

    def state(self, statement: str) -> None:
        """Change our tables by hand."""
        names = self.project.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'reverse_etl'")
        known = {str(name).partition("__")[0]: f"reverse_etl.{name}" for (name,) in names}
        self.project.sql(statement.format(**known))


@pytest.fixture
def shop(tmp_path: Path, iterable: ReferenceServer) -> Shop:
    """A shop whose people were all sent, so that its next run need not compare."""
    made = Shop(tmp_path, iterable)
    assert made.run().counts.accepted == 7
    return made


def test_unchanged_model_is_not_read(shop: Shop) -> None:
    assert shop.skips()
    assert shop.skips()
    assert shop.iterable.number == 1


def test_changed_model_is_compared_and_sent(shop: Shop) -> None:
    assert shop.skips()
    shop.build("UPDATE people SET name = 'B' WHERE email = 'u3@shop.com'")
    assert shop.run().counts.changed == 1
    assert shop.iterable.users["u3@shop.com"]["name"] == "B"
    assert shop.skips()


def test_model_that_was_built_again_with_the_same_rows_is_compared_once(shop: Shop) -> None:
    shop.build()
    assert shop.run().counts.unchanged == 7
    assert shop.skips()


def test_table_that_changed_during_the_run_is_compared_again(shop: Shop) -> None:
    """The version was read before the comparison; a later change may be seen by it or not."""
    shop.build("UPDATE people SET name = 'B' WHERE email = 'u3@shop.com'")
    before = shop.version
    shop.build("UPDATE people SET name = 'C' WHERE email = 'u4@shop.com'")
    after, shop.version = shop.version, before
    assert shop.run().counts.changed == 2
    shop.version = after
    assert shop.run().counts.unchanged == 7
    assert shop.skips()


@pytest.mark.parametrize("quiet", [True, False], ids=["nothing to send", "rows sent"])
def test_young_version_does_not_count(shop: Shop, quiet: bool) -> None:
    """The table could change again within the resolution of its time of change."""
    shop.version = replace(shop.version, changed_at=100 - table_version.SETTLED_AFTER + 1)
    shop.build(*([] if quiet else ["UPDATE people SET name = 'B'"]))
    assert shop.run().counts.changed == (0 if quiet else 7)
    assert not shop.skips()
    shop.version = replace(shop.version, read_at=200)
    assert not shop.skips()
    assert shop.skips()


DOUBTS: dict[str, Callable[[Shop], object]] = {
    "the definition": lambda shop: shop.meta.update(fields={"name": "email"}),
    "its guards": lambda shop: shop.meta.update(guards={"removed": False}),
    "what happens to removed rows": lambda shop: shop.meta.update(on_removed="delete"),
    "an entry that is to be sent again": lambda shop: shop.state(
        "UPDATE {snapshot} SET state = 'unknown' WHERE identity = 'u1@shop.com'"
    ),
    "an entry that is gone": lambda shop: shop.state("DELETE FROM {snapshot} WHERE identity = 'u1@shop.com'"),
    "a newer entry": lambda shop: shop.state("UPDATE {snapshot} SET fence = 99 WHERE identity = 'u1@shop.com'"),
    "a snapshot that is gone": lambda shop: shop.state("DROP TABLE {snapshot}"),
    "rejections that are gone": lambda shop: shop.state("DROP TABLE {sync_rejections}"),
    "a held row": lambda shop: shop.state(
        "INSERT INTO {sync_rejections} (sync, state, fence, seen_at) VALUES ('people', 'requeued', 1, now())"
    ),
    "an open run": lambda shop: shop.state("UPDATE {lease} SET run_fence = fence, credit = 1, acked = '[]'"),
    "a dead holder": lambda shop: shop.state("UPDATE {lease} SET holder = 'x', holder_note = '{{}}'"),
    "another run": lambda shop: shop.state("UPDATE {lease} SET fence = fence + 1"),
    "a first run that is not over": lambda shop: shop.state(
        "UPDATE {lease} SET destination = replace(destination, '\"first_run_is_open\": false',"
        " '\"first_run_is_open\": true')"
    ),
    "a clock that was set back": lambda shop: shop.state(
        "UPDATE {lease} SET destination = replace(destination, '\"seconds\": ', '\"seconds\": 9')"
    ),
    "a note of another form": lambda shop: shop.state(
        "UPDATE {lease} SET destination = replace(destination, '\"seconds\"', '\"moment\"')"
    ),
    "a relation without versions": lambda shop: setattr(shop, "version", None),
}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that tests copy: its next run need not compare."""
    with serve_reference() as reference:
        made = Shop(tmp_path_factory.mktemp("sent"), reference)
        assert made.run().counts.accepted == 7
        assert made.skips()
        yield made


@pytest.mark.parametrize("doubt", DOUBTS.values(), ids=DOUBTS)
def test_in_doubt_the_model_is_compared(sent: Shop, tmp_path: Path, doubt: Callable[[Shop], object]) -> None:
    shop = copy(sent)
    shop.meta, shop.project = dict(sent.meta), replace(sent.project, folder=tmp_path / "shop")
    shutil.copytree(sent.project.folder, shop.project.folder)
    doubt(shop)
    shop.project.let_time_pass()
    assert not shop.skips()


def test_other_commands_compare(shop: Shop) -> None:
    assert not shop.skips(rows=RowChoice(only=("u1@shop.com",)))
    assert not shop.skips(rows=RowChoice(limit=3))
    assert shop.skips()
    assert shop.run(full_refresh=True).counts.accepted == 7
    assert not shop.skips()
    assert shop.skips()


def test_setting_limits_how_long_and_switches_it_off(shop: Shop) -> None:
    assert not shop.skips(settings=SETTINGS.model_copy(update={"skip_unchanged_for": 0.0}))
    assert not shop.skips(settings=SETTINGS.model_copy(update={"skip_unchanged_for": 0.001}))
    assert shop.skips()


def test_other_version_of_the_product_compares(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "__version__", "9.9.9")
    assert not shop.skips()
    assert shop.skips()


def test_other_destination_is_stopped_as_ever(shop: Shop) -> None:
    """The guard `destination` has to see that rows would go elsewhere."""
    found = shop.run(url=shop.iterable.url.replace("127.0.0.1", "localhost"))
    assert found.problem is not None
    assert found.problem.code == "guard-destination"


def test_rows_that_were_left_are_sent_by_the_next_run(tmp_path: Path, iterable: ReferenceServer) -> None:
    shop = Shop(tmp_path, iterable)
    shop.meta["budget"] = {"max_rows_per_run": 4}
    assert shop.run().left == 3
    assert shop.run().counts.accepted == 3
    assert shop.skips()


def test_invalid_and_refused_rows_are_compared_and_told_each_time(shop: Shop) -> None:
    shop.build("INSERT INTO people VALUES (NULL, 'nobody')")
    assert shop.run().counts.invalid == 1
    assert shop.run().counts.invalid == 1
    shop.build("DELETE FROM people WHERE email IS NULL")
    assert not shop.skips()
    assert shop.skips()


def test_warehouse_that_refuses_the_note_is_no_error(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.build()
    with monkeypatch.context() as patch:
        patch.setattr(Versioned, "execute", _refusing(Versioned.execute))
        assert shop.run().status is SyncStatus.SUCCESS
    assert not shop.skips()
    assert shop.skips()


def _refusing(execute: Callable[..., int]) -> Callable[..., int]:
    def refused(self: Versioned, sql: str, params: Sequence[object] = ()) -> int:
        return execute(self, "SELECT * FROM nowhere" if "moved_to IS NULL" in sql else sql, params)

    return refused


@pytest.fixture
def apart(shop_project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with our tables in a file of their own, and files that count as settled at once."""
    monkeypatch.setattr(table_version, "SETTLED_AFTER", 0.0)
    shop_project.environment["REVERSE_ETL_STATE"] = "local"
    return shop_project


@pytest.fixture
def shop_project(tmp_path: Path, iterable: ReferenceServer) -> Project:
    made = Project.make(tmp_path / "shop", iterable.url, META)
    made.sql("CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'A' AS name FROM range(7) t(i)")
    return made


def test_every_command_says_that_it_did_not_compare(apart: Project) -> None:
    assert apart.cli("run").code == 0
    ran = apart.cli("run", "--log-format", "json")
    result = apart.result()
    assert (ran.code, result["status"]) == (0, "success")
    since = str(result["not_compared_since"])
    sentence = f"not compared: the model has not changed since {since[:19].replace('T', ' ')} UTC"
    assert result["message"] == f"sync `people`: {sentence}"
    ended = [json.loads(line) for line in ran.err.splitlines() if "SyncEnded" in line]
    assert [line["info"]["msg"] for line in ended] == [f"sync `people`: {sentence}"]
    assert ended[0]["data"]["not_compared_since"] == since
    assert f"changes     {sentence}" in apart.cli("run").out
    assert f"changes     {sentence}" in apart.cli("plan").out
    [plan] = json.loads(apart.cli("plan", "--output", "json").out)["plans"]
    assert (plan["to_send"], plan["model_rows"], plan["unchanged"]) == (0, 0, 0)
    assert plan["not_compared_since"] == since
    assert f"comparison  {sentence}" in apart.cli("status").out
    [state] = json.loads(apart.cli("status", "--output", "json").out)["syncs"]
    assert state["not_compared_since"] == since
    assert state["last_run"]["compared"] is False


def test_file_that_others_wrote_is_compared(apart: Project) -> None:
    assert apart.cli("run").code == 0
    apart.sql("UPDATE people SET name = 'B' WHERE email = 'u3@shop.com'")
    assert apart.cli("run").code == 0
    assert apart.counts("changed", "accepted") == (1, 1)
    apart.sql("ALTER TABLE people RENAME TO stored", "CREATE VIEW people AS SELECT * FROM stored")
    for _ in range(2):
        assert apart.cli("run").code == 0
        assert apart.counts("unchanged") == (7,)
