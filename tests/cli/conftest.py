"""A tiny dbt project as dbt leaves it, a real DuckDB file, a real sandbox, and the command line in this process."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reverse_etl.cli.flag_lists import repeat_flags
from reverse_etl.sandbox import SandboxOptions, start_sandbox
from tests.command_line import invoke, works_on_project

PEOPLE = """
create or replace table {name} as select * from (values
  ('ada@example.com', 'Ada', 36, date '2024-01-01'), ('bob@example.com', 'Bob', 41, null),
  ('cyd@example.com', null, 19, date '2024-03-01')) as t(email, first_name, age, joined)
"""
META = {
    "object": "users",
    "email": "email",
    "fields": {"firstName": "first_name", "age": "age", "joined": "joined", "source": {"value": "warehouse"}},
}


@dataclass(frozen=True)
class Ended:
    """What one command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.err.splitlines()]


@dataclass
class Shop:
    """A dbt project in a folder of its own."""

    folder: Path
    url: str
    models: dict[str, object] = field(default_factory=dict)
    tests: dict[str, object] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DBT_", "ITERABLE_", "REVERSE_ETL_"))
        }
        return {
            **kept,
            "HOME": str(self.folder),
            "ITERABLE_BASE_URL": self.url,
            "ITERABLE_API_KEY": "sandbox-key",
            "ITERABLE_PROJECT_TYPE": "email",
            "REVERSE_ETL_USER_PAUSE": "0",
        }

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "shop.duckdb")) as connection:
            found: list[tuple[Any, ...]] = []
            for statement in statements:
                found = connection.execute(statement).fetchall()
            return found

    def model(
        self, name: str, meta: object = META, columns: Mapping[str, object] | None = None, above: Sequence[str] = ()
    ) -> None:
        """A model with its table of three people; written into the manifest. `above` are models it depends on."""
        self.sql(PEOPLE.format(name=name))
        unique_id = f"model.shop.{name}"
        self.models[unique_id] = {
            "unique_id": unique_id,
            "name": name,
            "resource_type": "model",
            "package_name": "shop",
            "path": f"marts/{name}.sql",
            "original_file_path": f"models/marts/{name}.sql",
            "patch_path": "shop://models/marts/schema.yml",
            "fqn": ["shop", "marts", name],
            "relation_name": f'"shop"."main"."{name}"',
            "database": "shop",
            "schema": "main",
            "config": {"enabled": True, "materialized": "table", "meta": {} if meta is None else {"reverse_etl": meta}},
            "columns": columns or {},
            "depends_on": {"nodes": [f"model.shop.{parent}" for parent in above]},
        }
        self.write_manifest()

    def write_manifest(self, adapter: str = "duckdb") -> None:
        metadata = {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "dbt_version": "1.11.0",
            "invocation_id": "the-build",
            "project_name": "shop",
            "adapter_type": adapter,
        }
        target = self.folder / "target"
        target.mkdir(exist_ok=True)
        (target / "manifest.json").write_text(json.dumps({"metadata": metadata, "nodes": self.models}))

    def built(self, **statuses: str) -> None:
        """dbt's run results: how each model ended."""
        results = [{"unique_id": f"model.shop.{name}", "status": status} for name, status in statuses.items()]
        (self.folder / "target" / "run_results.json").write_text(json.dumps({"metadata": {}, "results": results}))

    def cli(self, *words: str, **env: str) -> Ended:
        """Run one command in this process."""
        where = ["--project-dir", str(self.folder)] if works_on_project(words) else []
        with working_in(self.folder):
            result = invoke(repeat_flags([*words, *where]), {**_cleared(), **self.env, **env})
        return Ended(result.exit_code, result.stdout, result.stderr)

    @property
    def results(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "target" / "reverse_etl_results.json").read_text())
        return found


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Make a folder the working directory, where relative paths of dbt and the command start."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _cleared() -> dict[str, str | None]:
    return dict.fromkeys(name for name in os.environ if name.startswith(("DBT_", "ITERABLE_", "REVERSE_ETL_")))


@pytest.fixture
def sandbox() -> Iterator[Any]:
    with start_sandbox(SandboxOptions(port=0, rate_limit=False)) as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path, sandbox: Any) -> Iterator[Shop]:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
    output = "{type: duckdb, path: shop.duckdb, password: hunter2-secret}"
    (folder / "profiles.yml").write_text(f"shop:\n  target: dev\n  outputs:\n    dev: {output}\n")
    yield Shop(folder, sandbox.url)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def people(shop: Shop) -> Shop:
    """A shop with one tagged model, `people`."""
    shop.model("people")
    return shop
