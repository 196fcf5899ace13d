"""Accidents in a model: each is stopped before the first request, changes nothing, and passes with one flag."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reference_iterable import ReferenceServer, serve_reference
from tests.stories.project import Project

FIELDS = ("name", "tier", "age", "subscribed", "born", "code", "contact")
META = {"object": "users", "email": "email", "fields": {name: name for name in FIELDS}}
MODEL = """
    CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'Name ' || i AS name,
    CASE WHEN i % 2 = 0 THEN 'tier ' || (i % 5) END AS tier, i % 90 AS age, i % 5 < 2 AS subscribed,
    DATE '1990-01-01' + i::INT AS born, (1000 + i)::VARCHAR AS code, 'c' || i || '@shop.com' AS contact
    FROM range(300) t(i)"""


@pytest.fixture(scope="module")
def iterable() -> Iterator[ReferenceServer]:
    with serve_reference() as reference:
        yield reference


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory, iterable: ReferenceServer) -> Project:
    """Three hundred people, all sent."""
    made = Project.make(tmp_path_factory.mktemp("accidents") / "shop", iterable.url, META)
    made.environment["REVERSE_ETL_REQUESTS_PER_SECOND"] = "1000"
    made.sql(MODEL)
    assert made.cli("run").code == 0
    return made


@pytest.fixture
def shop(sent: Project, tmp_path: Path) -> Project:
    """A copy of the project after its first run."""
    shutil.copytree(sent.folder, tmp_path / "shop")
    return Project(tmp_path / "shop", dict(sent.environment))


LIMITED = ("column_drift", "changed", "added", "shrunk", "removed")


def assert_stops_once(shop: Project, iterable: ReferenceServer, guard: str, *words: str) -> None:
    """The run and the plan are stopped by the same guard with the same words; the flag lets the run pass.

    A guard with a limit says the limit, and how to set it.
    """
    requests, snapshot = len(iterable.log), shop.state("*")
    ended = shop.cli("run")
    assert ended.code == 1
    assert len(iterable.log) == requests, "nothing was asked either"
    assert ended.says(f"guard-{guard}".replace("_", "-"), f"--allow {guard}", *words)
    assert guard not in LIMITED or ended.says(f"{{{guard}: ", "limit: ")
    assert shop.result()["status"] == "stopped"
    written = iterable.number
    assert shop.cli("plan").says(f"--allow {guard}", *words)
    assert iterable.number == written
    assert shop.state("*") == snapshot
    # Iterable refuses fields of another type, which no flag can change.
    passed = shop.cli("run", "--allow", guard)
    assert passed.code == 0 or passed.says("a field's type in Iterable cannot be changed")
    assert shop.result()["status"] != "stopped"
    assert passed.code != 0 or shop.cli("run").code == 0


DRIFTS = {
    "one column NULL": (
        "UPDATE people SET name = NULL",
        "field `name`: texts became NULL in 300 of 300 rows that had a value (100.0 %)",
    ),
    "a column that few rows have": (
        "UPDATE people SET tier = NULL",
        "field `tier`: texts became NULL in 150 of 150",
    ),
    "a column that dbt gave another type": (
        "ALTER TABLE people ALTER tier SET DATA TYPE INTEGER USING NULL",
        "field `tier`: texts became NULL in 150 of 150",
    ),
    "all columns NULL": (
        f"UPDATE people SET {', '.join(f'{name} = NULL' for name in FIELDS)}",
        "300 of 300",
        "6 more fields",
    ),
    "a flag flipped": (
        "UPDATE people SET subscribed = NOT subscribed",
        "field `subscribed`: truth values became the opposite in 300",
    ),
    "a flag with one value left": (
        "UPDATE people SET subscribed = true",
        "field `subscribed`: truth values became the opposite in 180 of 300",
    ),
    "all dates equal": ("UPDATE people SET born = DATE '2000-01-01'", "field `born`: dates became the same value"),
    "numbers to texts": ("UPDATE people SET code = 'x' || code", "field `code`: numbers became texts"),
    "a number column of texts": (
        "ALTER TABLE people ALTER age SET DATA TYPE VARCHAR USING 'aged ' || age",
        "field `age`: numbers became texts",
    ),
    "texts to numbers": (
        "ALTER TABLE people ALTER contact SET DATA TYPE INTEGER USING 7 + age",
        "field `contact`: e-mail addresses became numbers",
    ),
    "e-mails replaced": (
        "UPDATE people SET email = 'new' || email",
        "most identifiers are new: 300 of 300 rows (100.0 %)",
    ),
}


@pytest.mark.parametrize("accident", DRIFTS)
def test_drifted_values_stop(accident: str, shop: Project, iterable: ReferenceServer) -> None:
    statement, *words = DRIFTS[accident]
    shop.sql(statement)
    assert_stops_once(shop, iterable, "column_drift", *words)


OTHERS = {
    "every row changed": ("UPDATE people SET age = age + 1", "changed", "300 of 300 rows (100.0 %) changed at once"),
    "ten times larger": (
        "INSERT INTO people SELECT 'n' || i || email, people.* EXCLUDE (email) FROM people, range(9) t(i)",
        "added",
        "grew by 2,700 rows (900.0 %)",
    ),
    "half the rows gone": ("DELETE FROM people WHERE age % 2 = 0", "shrunk", "lost 150 of 300 rows (50.0 %)"),
}


@pytest.mark.parametrize("accident", OTHERS)
def test_too_many_rows_stop(accident: str, shop: Project, iterable: ReferenceServer) -> None:
    statement, guard, *words = OTHERS[accident]
    shop.sql(statement)
    assert_stops_once(shop, iterable, guard, *words)


LIST = {"object": "list_members", "mode": "mirror", "list": {"name": "VIP"}, "create_list": True, "email": "email"}
ITEMS = {"object": "catalog_items", "catalog": "Goods", "create_catalog": True, "item_id": "code"}
OF_OBJECTS: dict[str, tuple[dict[str, object], str, str, str]] = {
    "99 of 100 members gone": (
        LIST,
        "DELETE FROM people WHERE rowid >= 3",
        "removed",
        "297 of 300 rows (99.0 %)",
    ),
    "e-mails of keyed users replaced": (
        {**META, "primary_key": "code"},
        "UPDATE people SET email = 'new' || email",
        "column_drift",
        "most identifiers are new: 300 of 300",
    ),
    "one column of items NULL": (
        {**ITEMS, "mode": "update", "fields": ["name", "born"]},
        "UPDATE people SET born = NULL",
        "column_drift",
        "field `born`: dates became NULL in 300 of 300",
    ),
    "a new column of items": (
        ITEMS,
        "ALTER TABLE people ADD COLUMN salary INTEGER DEFAULT 7",
        "new_fields",
        "1 column is new to the sync: `salary`",
    ),
}


@pytest.mark.parametrize("accident", OF_OBJECTS)
def test_other_objects_stop_too(accident: str, iterable: ReferenceServer, sent: Project, tmp_path: Path) -> None:
    meta, statement, guard, words = OF_OBJECTS[accident]
    shop = Project.make(tmp_path / "shop", iterable.url, meta, {"REVERSE_ETL_REQUESTS_PER_SECOND": "1000"})
    shop.sql(MODEL)
    assert shop.cli("run").code == 0
    shop.sql(statement)
    assert_stops_once(shop, iterable, guard, words)


def test_a_column_of_times_that_became_dates_stops(iterable: ReferenceServer, sent: Project, tmp_path: Path) -> None:
    """A value that the new type cannot hold is sent again, so its row has changed."""
    meta = {"object": "users", "email": "email", "fields": ["name", "seen"]}
    shop = Project.make(tmp_path / "shop", iterable.url, meta, {"REVERSE_ETL_REQUESTS_PER_SECOND": "1000"})
    shop.sql(MODEL, "ALTER TABLE people ADD COLUMN seen TIMESTAMP", "UPDATE people SET seen = born + INTERVAL 3 HOUR")
    assert shop.cli("run").code == 0
    shop.sql("ALTER TABLE people ALTER seen SET DATA TYPE DATE")
    assert shop.cli("run").says("columns of another type: seen")
    assert_stops_once(shop, iterable, "changed", "300 of 300 rows (100.0 %) changed at once")


def test_rows_of_another_target_stop(shop: Project, iterable: ReferenceServer) -> None:
    manifest = shop.folder / "target" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('main\\"', 'dev_anna\\"'))
    shop.sql(
        "CREATE SCHEMA dev_anna",
        "CREATE TABLE dev_anna.people AS SELECT * REPLACE (upper(name) AS name) FROM people WHERE age < 5",
        "INSERT INTO dev_anna.people SELECT * FROM people WHERE age >= 5",
    )
    for _ in range(2):
        requests = len(iterable.log)
        ended = shop.cli("run")
        assert (ended.code, ended.says("guard-relation", '"dev_anna"."people"', "--allow relation")) == (1, True)
        assert len(iterable.log) == requests
        assert shop.cli("run", "--allow", "relation").code == 0, "for this run only"
    assert sum(user["name"].startswith("NAME") for user in iterable.users.values()) == 20


def test_an_edit_of_the_mapping_is_counted_apart(shop: Project) -> None:
    shop.tag({**META, "fields": {**META["fields"], "nick": "name", "contact": "email", "from": {"value": "shop"}}})
    shop.sql("UPDATE people SET age = age + 1 WHERE age < 10")
    plan = shop.cli("plan")
    assert (plan.code, plan.says("guard-")) == (0, False)
    assert plan.says("260 rows changed only because the mapping was edited: `contact`, `nick`, `from`")
    shop.tag({**META, "fields": {**META["fields"], "nick": "name"}, "guards": {"changed": {"percent": 10, "rows": 5}}})
    ended = shop.cli("run")
    assert ended.says("guard-changed", "40 of 300 rows (13.3 %)", "not counting 260 rows", "edited mapping: nick")
    assert shop.cli("run", "--allow", "changed").code == 0
    # The edit is settled, so later changes of the field are no edit.
    shop.sql("UPDATE people SET name = name || '!'")
    assert shop.cli("run").says("guard-changed", "300 of 300 rows (100.0 %)")


def test_limits_are_the_definitions(shop: Project) -> None:
    shop.sql("UPDATE people SET age = age + 1 WHERE age < 10")
    shop.tag({**META, "guards": {"changed": {"max_rows": 39}}})
    assert shop.cli("run").says("guard-changed", "40 of 300 rows", "50 % and 50 rows, or 39 rows")
    shop.tag({**META, "guards": {"changed": {"max_rows": 40}}})
    assert shop.cli("run").code == 0


def test_a_first_run_of_many_rows_stops(shop: Project, iterable: ReferenceServer) -> None:
    meta = {**META, "name": "again", "guards": {"first_run_size": {"rows": 299}}}
    shop.tag(meta)
    requests = iterable.number
    words = ("guard-first-run-size", "300 rows: at least", "1 minute", "7 fields", "--allow first_run_size")
    assert shop.cli("run").says(*words)
    assert shop.cli("plan").says(*words[1:])
    assert iterable.number == requests
    assert shop.cli("run", "--limit", "3").code == 0
    shop.tag({**meta, "guards": {"first_run_size": {"rows": 200}}})
    assert shop.cli("run").says("the rest of its first run would send 297 rows")
    assert shop.cli("run", "--allow", "first_run_size").code == 0


def test_the_rest_of_an_interrupted_first_run_is_no_growth(shop: Project) -> None:
    """The model has the rows that the first run found; most of them were not accepted."""
    shop.sql(f"DELETE FROM {shop.snapshot_table()} WHERE identity NOT LIKE 'u1%'")
    shop.tag({**META, "guards": {"added": {"percent": 10, "rows": 10}}})
    assert not shop.cli("plan", "--allow", "snapshot").says("guard-added", "grew by")


def test_a_few_rows_stop_nothing(shop: Project) -> None:
    shop.tag({**META, "name": "few"})
    shop.sql("DELETE FROM people WHERE age >= 20 OR born > DATE '1990-01-15'")
    assert shop.cli("run").code == 0
    shop.sql("UPDATE people SET name = NULL, age = 7, subscribed = NOT subscribed, code = 'x' || code")
    assert shop.cli("run").code == 0
