"""The memory that encoding takes has a limit, however many rows a plan has and however wide they are."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

MOST = 150  # MB: two windows, the rows that are encoded, and four requests


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "width"), [(1_000_000, 1_000), (50_000, 10_000)])
def test_wide_rows_take_memory_for_their_windows_and_requests_only(rows, width):
    words = [sys.executable, "-m", "tests.run.sending.wide_rows", str(rows), str(width)]
    found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    assert found["rows"] == rows
    assert found["bytes"] > rows * width
    assert found["grown"] < MOST
