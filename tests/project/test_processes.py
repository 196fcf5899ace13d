"""Whether the holder of a lease still runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reverse_etl.project.processes import is_alive, start_time


def note(pid: int, host: str = "") -> dict[str, object]:
    return {"host": host or socket.gethostname(), "pid": pid, "process_started": start_time(pid)}


def test_this_process_runs() -> None:
    assert is_alive(note(os.getpid())) is True


def test_of_another_host_nothing_is_known() -> None:
    assert is_alive(note(os.getpid(), "elsewhere")) is None
    assert is_alive({}) is None


def test_a_number_that_another_process_has_now_is_not_the_holder() -> None:
    assert is_alive({**note(os.getpid()), "process_started": "1"}) is (not Path("/proc").is_dir())


@pytest.mark.kills
@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="the state of a process is told in /proc alone")
def test_a_process_that_has_ended_is_dead_also_before_anybody_asked_for_its_exit_code() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        written = note(process.pid)
        assert is_alive(written) is True
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_alive(written) is False
    assert is_alive(written) is False
