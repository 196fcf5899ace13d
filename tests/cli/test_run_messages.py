"""What a run says while it runs and at its end: waits, retries, times, and a signal."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from reverse_etl.counting import plural
from tests.cli.conftest import Shop

TIMES = {"s": 1.0, "min": 60.0}


def faults(sandbox: Any, *names: str, seed: int = 1) -> None:
    import requests

    body = {"faults": list(names), "seed": seed}
    requests.post(f"{sandbox.url}/sandbox/faults", json=body, timeout=10).raise_for_status()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_as_interrupted(people: Shop, sandbox: Any, number: signal.Signals) -> None:
    people.sql("insert into people select 'u' || i || '@example.com', 'U', i, null from range(200) t(i)")
    env = {**people.env, "REVERSE_ETL_BATCH_ROWS": "5", "REVERSE_ETL_REQUESTS_PER_SECOND": "5"}
    words = [sys.executable, "-m", "reverse_etl", "run", "--project-dir", str(people.folder)]
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=env, cwd=people.folder, **pipes) as process:
        assert process.stderr is not None
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        while "planned" not in (line := process.stderr.readline()):
            assert line
        process.send_signal(number)
        out, err = process.communicate()
        watchdog.cancel()
    [result] = people.results["results"]
    accepted, aborted = result["counts"]["accepted"], result["counts"]["aborted"]
    assert (process.returncode, result["status"], result["problem"]["code"]) == (1, "error", "interrupted")
    said = f"a signal stopped the run after {plural(accepted, 'row')}; {plural(aborted, 'row')} "
    assert said in result["problem"]["message"]
    assert "error[interrupted]" in err
    assert "problem     interrupted" in out
    assert "problem     interrupted" in people.cli("status").out
    assert people.cli("run").code == 0


def test_a_rate_limit_is_waited_for_aloud_and_its_retries_are_named(
    people: Shop, sandbox: Any, monkeypatch: Any
) -> None:
    # A wait without jitter is as short as one can be that is worth a word: a second.
    monkeypatch.setattr("random.random", lambda: 0.0)
    # With this seed at least one request with rows is refused.
    faults(sandbox, "429:0.5", seed=4)
    people.sql("insert into people select 'u' || i || '@example.com', 'U', i, null from range(20) t(i)")
    ended = people.cli("run", REVERSE_ETL_BATCH_ROWS="8", REVERSE_ETL_ATTEMPTS="30")
    assert ended.code == 0
    assert re.search(r"sync `people`: waiting \d+ s: Iterable's rate limit", ended.err)
    [result] = people.results["results"]
    assert result["retries"] > 0
    assert f"({plural(result['retries'], 'retry', 'retries')})" in ended.out


def test_a_retry_is_told_with_what_iterable_answered(people: Shop, sandbox: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    faults(sandbox, "500:1")
    ended = people.cli("run", REVERSE_ETL_ATTEMPTS="2")
    assert ended.code == 1
    assert "waiting 1 s: Iterable answered with status 500; try 2 of 2" in ended.err


def test_a_sync_takes_at_least_as_long_as_its_warehouse(people: Shop) -> None:
    people.cli("run")
    [result] = people.results["results"]
    assert result["execution_time"] >= result["costs"]["seconds"]
    assert "columns" in result["timings"]


def test_one_is_no_plural(people: Shop, sandbox: Any) -> None:
    people.sql("delete from people where first_name = 'Ada' or first_name is null")
    ended = people.cli("run")
    assert "1 of 1 planned row accepted" in ended.err
    for text in (ended.out, ended.err, people.cli("plan").out, people.cli("status").out, people.cli("history").out):
        assert not re.search(r"(?<![\d,.])1 [a-z]+s\b(?! in)", text.replace("1 s", "")), text
    assert (plural(1, "retry", "retries"), plural(2, "retry", "retries")) == ("1 retry", "2 retries")
