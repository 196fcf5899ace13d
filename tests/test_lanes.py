"""The fast lane leaves out what is slow by nature, and no test can forget to say that it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lanes import RESOURCES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
# Each does what needs a marker, with it and without it; none of the programs has to be there.
HIDING = """
import contextlib
import signal
import subprocess
import sys
import threading

import pytest


def kill(how=signal.SIGKILL):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        process.send_signal(how)
        process.stdin.close()
        process.send_signal(signal.SIGCONT)


def begin(program):
    with contextlib.suppress(OSError):
        subprocess.run([program], check=False)


CASES = {
    "kills": kill,
    "kills, by a pause": lambda: kill(signal.SIGSTOP),
    "kills, in a thread": lambda: (thread := threading.Thread(target=kill), thread.start(), thread.join()),
    "emulator": lambda: begin("/nowhere/.emulators/fakesnow/bin/python"),
    "browser": lambda: begin("chromedriver-of-nowhere"),
}
PARAMS = [pytest.param(CASES[name], marks=getattr(pytest.mark, name.partition(",")[0]), id=name) for name in CASES]


@pytest.mark.parametrize("act", PARAMS)
def test_told(act):
    act()


@pytest.mark.parametrize("act", CASES.values(), ids=CASES)
def test_hidden(act):
    act()


@pytest.fixture
def fixture(request):
    request.param()


@pytest.mark.parametrize("fixture", CASES.values(), ids=CASES, indirect=True)
def test_hidden_in_a_fixture(fixture):
    pass


@pytest.fixture
def bigquery():
    pass


@pytest.fixture
def profile(bigquery):
    pass


def test_by_its_fixture(profile):
    pass
"""


def markers() -> set[str]:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    return {line.partition(":")[0] for line in options["markers"]}


def selection() -> str:
    """What `make test-fast` selects."""
    words = (ROOT / "Makefile").read_text(encoding="utf-8").partition("test-fast:")[2]
    return words.partition('-m "')[2].partition('"')[0]


@pytest.fixture
def run(tmp_path: Path):
    """Run those tests in a process of its own, selected by an expression: words of pytest's summary."""
    (tmp_path / "test_hiding.py").write_text(HIDING, encoding="utf-8")

    def run(expression: str) -> str:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider"]
        command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-m", expression, str(tmp_path)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout

    return run


def test_fast_lane_leaves_out_every_marker() -> None:
    assert markers() - {"long"} == {"emulator", "browser", "kills", "slow", "repeat"}
    assert set(RESOURCES.values()) < markers()
    assert selection() == "not (emulator or browser or kills or slow or repeat)"


@pytest.mark.slow
def test_hiding_fails(run) -> None:
    summary = run("")
    assert "5 failed, 6 passed, 5 errors" in summary
    for marker in ("kills", "emulator", "browser"):
        assert f"the test needs what `make test-fast` leaves out: mark it {marker}" in summary


@pytest.mark.slow
def test_marked_tests_are_left_out(run) -> None:
    assert "6 deselected" in run(selection())
