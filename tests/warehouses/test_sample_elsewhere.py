"""The sample project on other warehouses: the real dbt builds it, and Iterable gets what it gets from DuckDB."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.sandbox import SandboxOptions, start_sandbox
from tests.emulators.environment import NotBuilt, python_of

SAMPLE = Path(__file__).parents[2] / "sample_dbt_project"
BUILT = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb", "*.duckdb.wal", ".user.yml")
PROGRAMS = Path(sys.executable).parent

pytestmark = [pytest.mark.slow, pytest.mark.long]


@dataclass(frozen=True)
class Shop:
    """A copy of the sample project; `target` is one of its profile, and `dbt` the one that knows that target."""

    folder: Path
    environment: Mapping[str, str]
    target: str
    dbt: Path
    sandbox: Any

    def build(self, *words: str) -> None:
        self._call(self.dbt, "build", *words)

    def ran(self) -> dict[str, tuple[int, int, int]]:
        """Run every sync: what each has added, changed and removed."""
        self._call(PROGRAMS / "reverse-etl", "run")
        content = json.loads((self.folder / "target" / "reverse_etl_results.json").read_text(encoding="utf-8"))
        counts = {result["sync"]: result["counts"] for result in content["results"]}
        return {name: (found["added"], found["changed"], found["removed"]) for name, found in counts.items()}

    def migrate(self, there: str) -> None:
        self._call(PROGRAMS / "reverse-etl", "state", "migrate", "--to", there)

    def sent(self) -> dict[str, object]:
        """The users that Iterable has, with their data."""
        return {user.email: user.data for user in self.sandbox.project.users.values()}

    def _call(self, program: Path, *words: str) -> None:
        command = [str(program), *words, "--quiet", "--target", self.target]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def shop(folder: Path, target: str, environment: Mapping[str, str], dbt: Path = PROGRAMS / "dbt") -> Iterator[Shop]:
    shutil.copytree(SAMPLE, folder, ignore=BUILT)
    with start_sandbox(SandboxOptions(port=0, rate_limit=False)) as sandbox:
        known = {"HOME": str(folder.parent), "PATH": "/usr/bin:/bin"}
        known |= {"ITERABLE_BASE_URL": sandbox.url, "ITERABLE_API_KEY": "sandbox-shop"}
        yield Shop(folder, {**known, **environment}, target, dbt, sandbox)


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory) -> Iterator[tuple[object, object]]:
    """What a first run counts and sends there."""
    folder = tmp_path_factory.mktemp("duckdb")
    for made in shop(folder / "shop", "dev", {"SHOP_DUCKDB_PATH": str(folder / "shop.duckdb")}):
        made.build()
        yield made.ran(), made.sent()


@pytest.fixture
def on_postgres(postgres, tmp_path) -> Iterator[Shop]:
    environment = {
        "SHOP_PG_HOST": postgres.host,
        "SHOP_PG_PORT": str(postgres.port),
        "SHOP_PG_USER": "owner",
        "SHOP_PG_PASSWORD": str(postgres.profile()["password"]),
    }
    yield from shop(tmp_path / "shop", "postgres", environment)
    postgres.run("DROP SCHEMA shop CASCADE", "DROP SCHEMA reverse_etl CASCADE")


@pytest.fixture
def on_bigquery(bigquery, tmp_path) -> Iterator[Shop]:
    try:
        dbt = python_of("dbt_bigquery").parent / "dbt"
    except NotBuilt as error:
        pytest.skip(f"the environment of dbt-bigquery cannot be built: {error}")
    environment = {
        "SHOP_BQ_METHOD": bigquery["method"],
        "SHOP_BQ_TOKEN": bigquery["token"],
        "SHOP_BQ_PROJECT": "sample",
    }
    for made in shop(tmp_path / "shop", "bigquery", environment, dbt):
        # The last output of the profile, which knows no endpoint of one's own.
        with (made.folder / "profiles.yml").open("a", encoding="utf-8") as profile:
            profile.write(
                "".join(f"      {key}: {bigquery[key]}\n" for key in ("api_endpoint", "storage_api_endpoint"))
            )
        yield made


@pytest.fixture
def on_snowflake(snowflake_port, tmp_path) -> Iterator[Shop]:
    try:
        dbt = python_of("dbt_snowflake").parent / "dbt"
    except NotBuilt as error:
        pytest.skip(f"the environment of dbt-snowflake cannot be built: {error}")
    environment = {
        "SHOP_SF_ACCOUNT": "local",
        "SHOP_SF_USER": "me",
        "SHOP_SF_PASSWORD": "hush-hush",
        "SHOP_SF_HOST": "127.0.0.1",
        "SHOP_SF_PORT": str(snowflake_port),
        "SHOP_SF_PROTOCOL": "http",
        # The local server cannot distinguish a schema from its database if both have one name.
        "SHOP_SF_DATABASE": "shop_of_the_sample",
    }
    yield from shop(tmp_path / "shop", "snowflake", environment, dbt)


@pytest.mark.parametrize(
    "place",
    ["on_postgres", *(pytest.param(f"on_{name}", marks=pytest.mark.emulator) for name in ("bigquery", "snowflake"))],
)
def test_sample_runs_elsewhere_as_on_duckdb(place, on_duckdb, request):
    made: Shop = request.getfixturevalue(place)
    made.build()
    first = made.ran()
    assert (first, made.sent()) == on_duckdb
    assert first["iterable_users"] == (194, 0, 0)
    made.build("--vars", "day: 2")
    assert made.ran() == {
        "iterable_products": (1, 2, 1),
        "iterable_users": (3, 7, 0),
        "iterable_newsletter": (2, 0, 1),
        "iterable_orders": (3, 2, 0),
    }
    for there in ("local", "warehouse"):
        made.migrate(there)
    assert set(made.ran().values()) == {(0, 0, 0)}
