"""The sample project on PostgreSQL: the real dbt builds it, and Iterable gets what it gets from DuckDB."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reverse_etl.sandbox import SandboxOptions, start

SAMPLE = Path(__file__).parents[2] / "sample_dbt_project"
BUILT = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb", "*.duckdb.wal", ".user.yml")
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Shop:
    """A copy of the sample project; `target` is one of its profile."""

    folder: Path
    environment: Mapping[str, str]
    target: str

    def call(self, program: str, *words: str) -> None:
        command = [str(PROGRAMS / program), *words, "--quiet", "--target", self.target]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def ran(self) -> dict[str, tuple[int, int, int]]:
        """Run every sync: what each has added, changed and removed."""
        self.call("reverse-etl", "run")
        content = json.loads((self.folder / "target" / "reverse_etl_results.json").read_text(encoding="utf-8"))
        counts = {result["sync"]: result["counts"] for result in content["results"]}
        return {name: (found["added"], found["changed"], found["removed"]) for name, found in counts.items()}


@pytest.fixture
def sandboxes():
    with (
        start(SandboxOptions(port=0, rate_limit=False)) as one,
        start(SandboxOptions(port=0, rate_limit=False)) as other,
    ):
        yield one, other


@pytest.mark.slow
def test_sample_runs_on_postgres_as_on_duckdb(postgres, sandboxes, tmp_path):
    shops = []
    for target, sandbox in zip(("postgres", "dev"), sandboxes, strict=True):
        folder = tmp_path / target
        shutil.copytree(SAMPLE, folder, ignore=BUILT)
        environment = {
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
            "ITERABLE_BASE_URL": sandbox.url,
            "ITERABLE_API_KEY": "sandbox-shop",
            "SHOP_DUCKDB_PATH": str(tmp_path / "shop.duckdb"),
            "SHOP_PG_HOST": postgres.host,
            "SHOP_PG_PORT": str(postgres.port),
            "SHOP_PG_USER": "owner",
            "SHOP_PG_PASSWORD": str(postgres.profile()["password"]),
        }
        shops.append(Shop(folder, environment, target))
    for shop in shops:
        shop.call("dbt", "build")
    first = shops[0].ran()
    assert first == shops[1].ran()
    assert first["iterable_users"] == (194, 0, 0)
    assert sent(sandboxes[0]) == sent(sandboxes[1])
    shops[0].call("dbt", "build", "--vars", "day: 2")
    assert shops[0].ran() == {
        "iterable_products": (1, 2, 1),
        "iterable_users": (3, 7, 0),
        "iterable_newsletter": (2, 0, 1),
        "iterable_orders": (3, 2, 0),
    }
    assert set(shops[0].ran().values()) == {(0, 0, 0)}
    postgres.run("DROP SCHEMA shop CASCADE", "DROP SCHEMA reverse_etl CASCADE")


def sent(sandbox) -> dict[str, object]:
    """The users that a sandbox has, with their data."""
    return {user.email: user.data for user in sandbox.project.users.values()}
