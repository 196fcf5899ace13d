"""`sandbox` as a program: it says where it listens, and ends on a signal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import Shop

_WORDS = [sys.executable, "-m", "reverse_etl", "sandbox", "--project-type", "hybrid", "--no-rate-limit"]


def test_it_announces_its_address_and_keeps_its_state(shop: Shop, tmp_path: Path) -> None:
    words = [*_WORDS, "--port", "0", "--data-dir", str(tmp_path / "data")]
    env = {**shop.env, "ITERABLE_API_KEY": "sandbox-trial"}
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert b"sandbox" in urllib.request.urlopen(url, timeout=10).read().lower()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
    assert process.returncode == 0
    assert f"ITERABLE_BASE_URL={url} ITERABLE_API_KEY=sandbox-trial " in err
    assert (tmp_path / "data").is_dir()


def test_a_taken_port_is_an_error(shop: Shop) -> None:
    ended = shop.cli("sandbox", "--port", shop.url.rpartition(":")[2])
    assert (ended.code, "error[port-taken]" in ended.err) == (2, True)


def test_faults_and_settings_reach_it(shop: Shop) -> None:
    words = [*_WORDS, "--port", "0", "--fault", "html-502:0.5", "--fault", "slow:1ms", "--seed", "7"]
    words += ["--set", "disabled_keys=sandbox-off", "--no-create-new-fields"]
    with subprocess.Popen(words, env=shop.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        told = json.load(urllib.request.urlopen(url + "/sandbox/faults", timeout=10))
        process.terminate()
    assert told == {"faults": ["html-502:0.5", "slow:1ms"], "seed": 7, "met": {}}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--fault", "html-503"), "did you mean html-502?"),
        (("--set", "retry_afer=true"), "did you mean retry_after?"),
        (("--set", "retry_after=1"), "retry_after takes true or false"),
    ],
)
def test_what_it_does_not_know_is_refused_with_the_nearest(shop: Shop, words: tuple[str, str], told: str) -> None:
    ended = shop.cli("sandbox", *words)
    assert (ended.code, "error[wrong-sandbox-option]" in ended.err, told in ended.err) == (2, True, True)


def test_settings_and_faults_are_listed(shop: Shop) -> None:
    text = shop.cli("sandbox", "--settings").out
    assert "  retry_after=false  (true or false)\n      Whether a 429 carries a Retry-After header.\n" in text
    assert "  html-502        a gateway's HTML error page; the request is not applied\n" in text
    found = shop.cli("sandbox", "--settings", "--log-format", "json").json
    assert ("retry_after" in [one["name"] for one in found["settings"]], "reset-after" in found["faults"]) == (
        True,
        True,
    )
