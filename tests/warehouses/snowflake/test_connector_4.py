"""The connector that dbt-snowflake asks for; the tests' own is newer. It stands in the emulator's environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.warehouses.snowflake.on_snowflake import emulator_python

# Named one by one: pytest stops at a name that does not exist, so that nothing leaves the selection unseen.
FILES = {
    "test_snowflake.py": (
        "TestAdapter",
        "TestNames",
        "TestLoading",
        "TestLeasing",
        "TestComparing::test_first_run_adds_everything",
        "TestCommitting::test_crash_loses_nothing[Fate.LOST-True-Crash.AFTER_MERGE]",
        "TestCommitting::test_crash_loses_nothing[Fate.LOST-False-Crash.AFTER_MERGE]",
        "TestMapping::test_added_field_resends_rows_where_it_is_not_null",
        "TestMapping::test_retyped_column_resends_rows_that_differ",
        "TestMapping::test_column_may_be_retyped_between_a_crash_and_its_recovery",
        "TestMapping::test_column_that_goes_between_look_and_plan_stops_the_run",
    ),
    "test_snowflake_faults.py": (),
    "test_snowflake_sending.py": ("TestSending::test_type_is_sent_as_json_or_refused",),
}


def chosen() -> list[str]:
    """Return the node ids of the tests that both connectors must pass. A file without names is taken whole."""
    paths = {file: Path(__file__).with_name(file) for file in FILES}
    return [f"{paths[file]}::{name}" if name else str(paths[file]) for file in FILES for name in FILES[file] or ("",)]


def run_pytest(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def test_each_chosen_name_exists() -> None:
    ended = run_pytest("--collect-only", *chosen())
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.emulator
def test_connector_4_passes_too() -> None:
    library = str(Path(emulator_python()).parents[1] / "lib" / f"python3.{sys.version_info.minor}" / "site-packages")
    script = "import snowflake.connector as c; print(c.__version__)"
    environment = {**os.environ, "PYTHONPATH": library}
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("4.")
    ended = run_pytest("-m", "not repeat", *chosen(), PYTHONPATH=library)
    assert ended.returncode == 0, ended.stdout[-3000:]
