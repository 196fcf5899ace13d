"""`make live-check` prints its ten checks where there is no account."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.live_check.checks import CHECKS


def test_every_check_is_printed_without_an_account():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REVERSE_ETL_TEST_")}
    said = subprocess.run(
        [sys.executable, "-m", "tests.live_check"], env=environment, capture_output=True, text=True, check=True
    ).stdout
    parts = said.split("\n\n")
    assert len(CHECKS) == len(parts) == 10
    for check, part in zip(CHECKS, parts, strict=True):
        assert f"{check.number}. {check.warehouse}: {check.title}" in part
        assert f"  tells  {check.tells}" in part
        assert any(word in part for word in ("SELECT", "CREATE", "UPDATE"))
        assert "answer  not asked: no account is set" in part


def test_makefile_runs_it():
    made = subprocess.run(["make", "-n", "live-check"], capture_output=True, text=True, check=True).stdout
    assert "-m tests.live_check" in made
