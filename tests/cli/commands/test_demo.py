"""`demo`, with the real dbt: the numbers it promises, nothing left behind, and no step outside of its own folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WORDS = [sys.executable, "-m", "reverse_etl", "demo", "--sample-dir", str(ROOT / "sample_dbt_project")]


def _env(folder: Path) -> dict[str, str]:
    """An environment that would lead elsewhere, if it were followed."""
    misleading = {
        "ITERABLE_API_KEY": "real",
        "ITERABLE_BASE_URL": "https://api.iterable.com",
        "DBT_PROFILES_DIR": "/nowhere",
    }
    return {**os.environ, **misleading, "HOME": str(folder), "TMPDIR": str(folder), "REVERSE_ETL_BATCH_ROWS": "1"}


def _left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("reverse-etl-demo"))


@pytest.mark.slow
@pytest.mark.long
def test_every_row_then_the_changed_ones_then_none(tmp_path: Path) -> None:
    ended = subprocess.run(WORDS, env=_env(tmp_path), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = [
        line
        for line in ended.stdout.splitlines()
        if line.startswith(("=>", "   users", "   events", "   items", "   me"))
    ]
    requests = [int(line.split()[2]) for line in told if line.startswith("=>")]
    assert min(requests[:2]) > requests[2] == 0
    assert [line.strip() for line in told if not line.startswith("=>")] == [
        "users: 194 new or changed; it has 194 now",
        "events: 589 new or changed; it has 589 now",
        "items: 15 new or changed; it has 15 now",
        "members: 117 new or changed; it has 117 now",
        "users: 10 new or changed; it has 197 now",
        "events: 5 new or changed; it has 592 now",
        "items: 3 new or changed, 1 gone; it has 15 now",
        "members: 2 new or changed, 1 gone; it has 118 now",
        "users: 0 new or changed; it has 197 now",
        "events: 0 new or changed; it has 592 now",
        "items: 0 new or changed; it has 15 now",
        "members: 0 new or changed; it has 118 now",
    ]
    typed = [line for line in ended.stdout.splitlines() if line.startswith("$ ")]
    build, plan, run = "$ dbt build", "$ reverse-etl plan", "$ reverse-etl run"
    assert typed == [build, plan, run, build + " --vars 'day: 2'", plan, run, run]
    assert _left_in(tmp_path) == []


def test_an_interrupted_demo_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        WORDS, env=_env(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[5].rstrip(";")
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode not in (0, None)
    assert _left_in(tmp_path) == []
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(
            [sys.executable, "-c", f"import urllib.request as r; r.urlopen('{url}')"], check=True, capture_output=True
        )


def test_a_missing_sample_is_an_error(tmp_path: Path) -> None:
    words = [*WORDS[:-1], str(tmp_path)]
    ended = subprocess.run(words, env=_env(tmp_path), capture_output=True, text=True, check=False)
    assert (ended.returncode, "error[missing-sample]" in ended.stderr) == (2, True)
