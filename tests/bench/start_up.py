"""Start-up: the help, the offline check of a large project, and the time until the first statement of a run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.measured_process import Figures, command, measure, prepare, say
from tests.bench.result_file import Measurement, Round, measure_rounds
from tests.bench.users import META, show
from tests.stories.project import MODEL, Project

MODELS, TESTS, TAGGED = 5000, 10_000, 20
NAME = "start"
HELP, VALIDATE = "`--help`", "`validate`, large project"
STATEMENT, LATE_STATEMENT = "first statement", "first statement, large project"
_PROBE = str(Path(__file__).with_name("start_probe.py"))
_COLUMN = {"description": "What the column means. " * 3, "data_type": None, "meta": {}, "tags": [], "quote": None}
_SQL = "select " + ", ".join(f"sum(column_{number}) as column_{number}" for number in range(60)) + " from source"


def measure_start(rounds: int) -> Measurement:
    """Measure every case in each round, with a project of one model and with a large one."""
    with tempfile.TemporaryDirectory(prefix="reverse-etl-bench-") as folder:
        small, large = (_make(Path(folder) / name) for name in ("small", "large"))
        manifest = large.folder / "target" / "manifest.json"
        # In a process of its own: a child's peak counts what its parent held when it was forked.
        subprocess.run([sys.executable, "-m", "tests.bench.start_up", str(manifest)], check=True)
        size = manifest.stat().st_size / 1e6
        say(f"Start-up: the large project has {MODELS:,} models, {TAGGED} syncs, and a manifest of {size:.0f} MB")
        facts = {"models": MODELS, "syncs": TAGGED, "manifest_mb": round(size)}
        return measure_rounds(facts, rounds, lambda: _round(small, large))


def _make(folder: Path) -> Project:
    project = Project.make(folder, "http://127.0.0.1:9", META)
    prepare(project, "CREATE TABLE people AS SELECT 'a@b.co' AS email, 1 AS points")
    return project


def _round(small: Project, large: Project) -> Round:
    return {
        HELP: show(HELP, measure(small, command("--help"))),
        VALIDATE: show(VALIDATE, measure(large, command("validate"))),
        STATEMENT: show(STATEMENT, _until_statement(small)),
        LATE_STATEMENT: show(LATE_STATEMENT, _until_statement(large)),
    }


def _until_statement(project: Project) -> Figures:
    """Measure `run` until its first statement, at which it ends."""
    return measure(project, [sys.executable, _PROBE, "run", "--quiet"])


def fill_manifest(path: Path) -> int:
    """Write many models and tests into a manifest, in the shape that dbt gives them; returns its bytes."""
    manifest = json.loads(path.read_text(encoding="utf-8"))
    tagged = manifest["nodes"][MODEL]
    plain = {**tagged, "meta": {}, "config": {**tagged["config"], "meta": {}}}
    columns = {f"column_{number}": {"name": f"column_{number}", **_COLUMN} for number in range(14)}
    for number in range(MODELS - 1):
        name = f"model_{number}"
        manifest["nodes"][f"model.shop.{name}"] = {
            **(tagged if number < TAGGED - 1 else plain),
            "unique_id": f"model.shop.{name}",
            "name": name,
            "columns": columns,
            "raw_code": _SQL,
            "compiled_code": _SQL,
            "description": "What the model holds. " * 10,
            "original_file_path": f"models/{name}.sql",
            "fqn": ["shop", name],
        }
    for number in range(TESTS):
        name = f"not_null_model_{number % (MODELS - 1)}_column_{number % 14}"
        manifest["nodes"][f"test.shop.{name}.{number:010x}"] = {
            **plain,
            "unique_id": f"test.shop.{name}.{number:010x}",
            "name": name,
            "resource_type": "test",
            "raw_code": "{{ test_not_null(**_dbt_generic_test_kwargs) }}",
            "depends_on": {
                "nodes": [f"model.shop.model_{number % (MODELS - 1)}"],
                "macros": ["macro.dbt.test_not_null"],
            },
            "fqn": ["shop", name],
        }
    return path.write_text(json.dumps(manifest), encoding="utf-8")


if __name__ == "__main__":
    fill_manifest(Path(sys.argv[1]))
