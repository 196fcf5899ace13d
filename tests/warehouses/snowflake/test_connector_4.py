"""The connector that dbt-snowflake asks for; the tests' own is newer. It stands in the emulator's environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.warehouses.snowflake.on_snowflake import emulator_python


@pytest.mark.slow
@pytest.mark.emulator
def test_connector_4_passes_too():
    library = Path(emulator_python()).parents[1] / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    script = "import snowflake.connector as c; print(c.__version__)"
    environment = {**os.environ, "PYTHONPATH": str(library)}
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("4.")
    chosen = (
        "TestAdapter or TestNames or TestLoading or TestLeasing or faults or sent_as_json or test_first_run"
        " or (test_crash_loses_nothing and LOST and AFTER_MERGE) or (TestMapping and (retyped or added or goes))"
    )
    files = [str(Path(__file__).with_name(f"test_snowflake{name}.py")) for name in ("", "_faults", "_sending")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", chosen]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:]
