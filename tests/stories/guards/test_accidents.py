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


def assert_stops_once(shop: Project, iterable: ReferenceServer, guard: str, *words: str) -> None:
    """The run and the plan are stopped by the same guard with the same words; the flag lets the run pass."""
    requests, snapshot = iterable.number, shop.state("*")
    ended = shop.cli("run")
    assert ended.code == 1
    assert ended.says(f"guard-{guard}".replace("_", "-"), f"--allow {guard}", f"{{{guard}: ", "limit: ", *words)
    assert shop.result()["status"] == "stopped"
    assert shop.cli("plan").says(f"--allow {guard}", *words)
    assert iterable.number == requests
    assert shop.state("*") == snapshot
    # Iterable refuses fields of another type, which no flag can change.
    passed = shop.cli("run", "--allow", guard)
    assert passed.code == 0 or passed.says("a field's type in Iterable cannot be changed")
    assert shop.result()["status"] != "stopped"
    assert passed.code != 0 or shop.cli("run").code == 0


DRIFTS = {
    "one column NULL": (
        "UPDATE people SET name = NULL",
        "field `name`: other texts became NULL in 300 of 300 rows that had a value (100.0 %)",
    ),
    "a column that few rows have": (
        "UPDATE people SET tier = NULL",
        "field `tier`: other texts became NULL in 150 of 150",
    ),
    "a column that dbt gave another type": (
        "ALTER TABLE people ALTER tier SET DATA TYPE INTEGER USING NULL",
        "field `tier`: other texts became NULL in 150 of 150",
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
    "numbers to texts": ("UPDATE people SET code = 'x' || code", "field `code`: numbers became other texts"),
    "a number column of texts": (
        "ALTER TABLE people ALTER age SET DATA TYPE VARCHAR USING 'aged ' || age",
        "field `age`: numbers became other texts",
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
