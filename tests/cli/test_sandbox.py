"""`sandbox` as a program: it says where it listens, and ends on a signal."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from .conftest import Shop

_WORDS = [sys.executable, "-m", "reverse_etl", "sandbox", "--project-type", "hybrid", "--no-rate-limit"]


def test_it_announces_its_address_and_keeps_its_state(shop: Shop, tmp_path: Path) -> None:
    words = [*_WORDS, "--port", "0", "--data-dir", str(tmp_path / "data")]
    env = {**shop.env, "ITERABLE_API_KEY": "sandbox-trial"}
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert b"sandbox" in urllib.request.urlopen(url, timeout=10).read().lower()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f"ITERABLE_BASE_URL={url} ITERABLE_API_KEY=sandbox-trial " in err
    assert (tmp_path / "data").is_dir()


def test_a_taken_port_is_an_error(shop: Shop) -> None:
    ended = shop.cli("sandbox", "--port", shop.url.rpartition(":")[2])
    assert (ended.code, "error[port-taken]" in ended.err) == (2, True)
