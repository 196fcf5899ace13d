"""The pages about Python and schedules: their examples run, and the reference describes every operation."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reverse_etl import Project
from tests.cli.conftest import Shop
from tests.documentation import DOCS, GENERATED
from tests.emulators.environment import NotBuilt, python_of

PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", (DOCS / "guides" / "python.md").read_text("utf-8"), re.DOTALL)
SCHEDULE = (DOCS / "guides" / "schedule.md").read_text(encoding="utf-8")
ROOT = DOCS.parent


def schedule_example(scheduler: str) -> str:
    section = SCHEDULE.partition(f"## {scheduler}\n")[2].partition("\n## ")[0]
    [block] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return block


def run_python(python: Path, script: str, shop: Shop) -> str:
    """Run a script in the folder of the shop, which is where the example says that a project is."""
    text = script.replace("/srv/shop", str(shop.folder))
    env = {**shop.env, "PYTHONPATH": str(ROOT), "DAGSTER_HOME": str(shop.folder), "DAGSTER_DISABLE_TELEMETRY": "1"}
    ended = subprocess.run([python, "-c", text], cwd=shop.folder, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture
def iterable_users(shop: Shop) -> Shop:
    shop.model("iterable_users")
    return shop


@pytest.mark.parametrize("number", range(len(PYTHON_BLOCKS)))
def test_each_python_example_runs(iterable_users: Shop, number: int) -> None:
    out = run_python(Path(sys.executable), PYTHON_BLOCKS[number], iterable_users)
    assert "error" not in out.lower()
    [result] = iterable_users.results["results"]
    assert result["counts"]["accepted"] == 3


def test_there_are_python_examples() -> None:
    assert len(PYTHON_BLOCKS) == 4


@pytest.mark.emulator
def test_the_dagster_example_materializes_its_asset(iterable_users: Shop) -> None:
    try:
        python = python_of("dagster")
    except NotBuilt as error:
        pytest.skip(str(error))
    script = (
        schedule_example("Dagster")
        + "\nfrom dagster import materialize\nended = materialize([iterable_users_sync])\n"
        + "[event] = ended.get_asset_materialization_events()\n"
        + "print({key: one.value for key, one in event.materialization.metadata.items()})\n"
    )
    out = run_python(python, script, iterable_users)
    assert "{'iterable_users': 3}" in out
    assert "sync `iterable_users`: 3 of 3 planned rows accepted" in out


@pytest.mark.emulator
def test_the_dagster_example_fails_if_a_sync_does(iterable_users: Shop) -> None:
    try:
        python = python_of("dagster")
    except NotBuilt as error:
        pytest.skip(str(error))
    iterable_users.sql("drop table iterable_users")
    script = (
        schedule_example("Dagster")
        + "\nfrom dagster import materialize\n"
        + "print(materialize([iterable_users_sync], raise_on_error=False).success)\n"
    )
    assert "False" in run_python(python, script, iterable_users)


def test_the_airflow_command_runs_although_the_build_failed(iterable_users: Shop) -> None:
    [call] = [node for node in ast.walk(ast.parse(schedule_example("Airflow"))) if isinstance(node, ast.Call)]
    command = next(word.value for word in call.keywords if word.arg == "bash_command")
    folder = iterable_users.folder / "bin"
    folder.mkdir()
    for name, text in {"dbt": "exit 1", "reverse-etl": f'exec {sys.executable} -m reverse_etl "$@"'}.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    env = {**iterable_users.env, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    words = ["bash", "-c", ast.literal_eval(command)]
    ended = subprocess.run(words, cwd=iterable_users.folder, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert iterable_users.results["results"][0]["counts"]["accepted"] == 3


def test_the_reference_describes_every_operation() -> None:
    public = {name for name in vars(Project) if not name.startswith("_")}
    described = set(re.findall(r"^### `([a-z_]+)`$", GENERATED["reference/python-api.md"], re.MULTILINE))
    assert public <= described
