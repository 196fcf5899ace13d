"""A dbt project as dbt leaves it behind, without dbt: profile, manifest and a DuckDB file with one model table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import duckdb

from reverse_etl.cli.flag_lists import repeat_flags
from tests.command_line import invoke
from tests.reference_iterable.hooks import Hooks

DOOMED = Path(__file__).with_name("doomed.py")
MODEL = "model.shop.people"
# Few rows a request, so that a story of a handful of rows has several requests.
CALM = {
    "REVERSE_ETL_BATCH_ROWS": "4",
    "REVERSE_ETL_REQUESTS_PER_SECOND": "200",
    "REVERSE_ETL_CONCURRENCY": "2",
}
# The same for more rows, in windows.
WINDOWED = {
    "REVERSE_ETL_BATCH_ROWS": "10",
    "REVERSE_ETL_WINDOW": "40",
    "REVERSE_ETL_REQUESTS_PER_SECOND": "200",
    "REVERSE_ETL_CONCURRENCY": "2",
}

# No lease runs out, and no reply is given up, while a test holds the server.
PATIENT = {
    "REVERSE_ETL_LEASE_TTL": "600",
    "REVERSE_ETL_HEARTBEAT": "30",
    "REVERSE_ETL_PAUSE_BOUND": "300",
    "REVERSE_ETL_LATE_REQUEST_BOUND": "600",
    "REVERSE_ETL_HTTP_TIMEOUT": "600",
}


@dataclass
class Project:
    """A project folder. `environment` is the environment of its commands, in addition to what they need to run."""

    adapter: ClassVar[str] = "duckdb"
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, url: str, meta: object, environment: Mapping[str, str] | None = None) -> Project:
        """A project with one tagged model and no table yet."""
        (folder / "target").mkdir(parents=True)
        (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\nversion: '1.0'\n")
        profile = {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": "shop.duckdb", "schema": "main"}}}
        (folder / "profiles.yml").write_text(json.dumps({"shop": profile}))
        made = cls(
            folder,
            {
                "ITERABLE_BASE_URL": url,
                "ITERABLE_API_KEY": "sandbox-story",
                "ITERABLE_PROJECT_TYPE": "email",
                "REVERSE_ETL_USER_PAUSE": "0",
                "HOME": str(folder),
                "PATH": os.environ["PATH"],
                **(environment or {}),
            },
        )
        made.tag(meta)
        made.sql("SELECT 1")
        return made

    def tag(self, meta: object) -> None:
        """Write the manifest with this `reverse_etl` entry."""
        node = {
            "unique_id": MODEL,
            "name": "people",
            "resource_type": "model",
            "package_name": "shop",
            "path": "people.sql",
            "original_file_path": "models/people.sql",
            "patch_path": "shop://models/people.yml",
            "relation_name": '"shop"."main"."people"',
            "database": "shop",
            "schema": "main",
            "alias": "people",
            "fqn": ["shop", "people"],
            "tags": [],
            "columns": {},
            "depends_on": {"nodes": []},
            "config": {"enabled": True, "materialized": "table", "meta": {"reverse_etl": meta}},
            "meta": {"reverse_etl": meta},
        }
        manifest = {
            "metadata": {
                "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
                "dbt_version": "1.11.0",
                "adapter_type": self.adapter,
                "project_name": "shop",
                "invocation_id": "story",
                "generated_at": "2026-01-01T00:00:00Z",
            },
            "nodes": {MODEL: node},
            "sources": {},
            "exposures": {},
            "disabled": {},
        }
        (self.folder / "target" / "manifest.json").write_text(json.dumps(manifest))

    def sql(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements on the project's file; rows of the last one."""
        with duckdb.connect(str(self.folder / "shop.duckdb")) as connection:
            rows: list[tuple[object, ...]] = []
            for statement in statements:
                rows = connection.execute(statement).fetchall()
        return rows

    def fill(self, columns: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> None:
        """Build the model's table again, as dbt would: column names to types, and its rows."""
        spelled = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        places = ", ".join("?" for _ in columns)
        with duckdb.connect(str(self.folder / "shop.duckdb")) as connection:
            connection.execute(f"CREATE OR REPLACE TABLE people ({spelled})")
            for row in rows:
                connection.execute(f"INSERT INTO people VALUES ({places})", [row.get(name) for name in columns])

    def cli(self, *arguments: str) -> Ended:
        """A command of the project in this process, which takes a tenth of the time."""
        inherited = dict.fromkeys(name for name in os.environ if name.startswith(("DBT_", "ITERABLE_", "REVERSE_ETL_")))
        words = repeat_flags([*arguments, "--project-dir", str(self.folder)])
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            ended = invoke(words, {**inherited, **self.environment})
        finally:
            os.chdir(before)
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command of the project, going on."""
        return self._begin("-m", "reverse_etl", *arguments)

    def die(self, step: int) -> bool:
        """`run`, killed (-9) while this step is under way, and an hour passes; False where it ended before that."""
        process = self._begin(str(DOOMED), str(step), "run")
        process.communicate()
        self.let_time_pass()
        return process.returncode == -9

    def _begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> Ended:
        """A command of the project, to its end."""
        process = self.start(*arguments)
        out, err = process.communicate()
        return Ended(process.returncode, out, err)

    def kill_run(self, hooks: Hooks, when: str, number: int) -> None:
        """`run` as a process of its own, killed (-9) `before` or `after` a request is applied. Then an hour passes."""
        begun = threading.Event()

        def kill(request: int) -> None:
            if request == number:
                begun.wait()
                process.kill()
                process.wait()

        setattr(hooks, when, kill)
        process = self.start("run")
        begun.set()
        out, err = process.communicate()
        assert process.returncode == -9, out + err
        setattr(hooks, when, lambda _number: None)
        self.let_time_pass()

    def let_time_pass(self) -> None:
        """Move the times of every lease an hour into the past: what a dead run held is free, and no time is quiet."""
        tables = self.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'lease%'")
        names = ("beat_at", "expires_at", "quiet_at")
        past = ", ".join(f"{name} = {name} - INTERVAL '1 hour'" for name in names)
        self.sql(*(f"UPDATE reverse_etl.{table} SET {past}" for (table,) in tables))

    def result(self) -> dict[str, object]:
        """The result of the only sync, from the file that the last run wrote."""
        content = json.loads((self.folder / "target" / "reverse_etl_results.json").read_text())
        [result] = content["results"]
        return dict(result)

    def counts(self, *names: str) -> tuple[int, ...]:
        """Some counts of the last run."""
        counts = self.result()["counts"]
        assert isinstance(counts, dict)
        return tuple(int(counts[name]) for name in names)

    def state(self, columns: str, where: str = "TRUE") -> list[tuple[object, ...]]:
        """Rows of the sync snapshot."""
        return self.sql(f"SELECT {columns} FROM {self.snapshot_table()} WHERE {where} ORDER BY identity")

    def snapshot_table(self) -> str:
        """The only sync snapshot."""
        [(table,)] = self.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'snapshot__%'")
        return f"reverse_etl.{table}"

    def value_column(self, name: str = "") -> str:
        """The column of the sync snapshot that holds the first mapped value whose name begins so."""
        rows = self.sql(
            "SELECT column_name FROM information_schema.columns WHERE table_name LIKE 'snapshot__%'"
            f" AND column_name LIKE 'v_{name}%'"
        )
        return str(rows[0][0])


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def says(self, *words: str) -> bool:
        """Whether its output holds every one of these."""
        return all(word in self.out + self.err for word in words)


def values(rows: Sequence[tuple[object, ...]]) -> dict[object, object]:
    """Two columns as a dictionary."""
    return {row[0]: row[1] for row in rows}
