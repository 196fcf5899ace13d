"""Whole processes: their wall and CPU seconds, their memory, what they wrote to disk, and the server they post to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.stories.project import Project

Figures = dict[str, object]
_BLOCK = 512  # bytes, the unit of ru_oublock
_POLL = 0.1


@dataclass(frozen=True)
class Sink:
    """A server that forgets what it gets."""

    url: str

    def take_counts(self) -> dict[str, int]:
        """What was posted since the last call: requests, rows, bytes, and the most requests within a second."""
        with urllib.request.urlopen(f"{self.url}/counts", timeout=30) as reply:
            return dict(json.load(reply))


@contextmanager
def open_sink(delay: float = 0.0) -> Iterator[Sink]:
    """A sink that answers after so many seconds."""
    arguments = [sys.executable, "-m", "tests.bench.sink", str(delay)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Sink(f"http://127.0.0.1:{process.stdout.readline().strip()}")
    finally:
        process.kill()
        process.wait()


def command(*words: str) -> list[str]:
    """A command of reverse-etl as a process of its own."""
    return [sys.executable, "-m", "reverse_etl", *words]


def measure(project: Project, arguments: Sequence[str]) -> Figures:
    """Run a process in the project to its end; it must succeed.

    `wall` and `cpu` are seconds. `peak` is its largest resident size, `written` what it gave to the disk, and `spilled`
    the largest size of DuckDB's temporary folder, all in MB of 1,000,000 bytes.
    """
    watch = _SpillWatch(project.folder / "shop.duckdb.tmp")
    began = time.monotonic()
    process = subprocess.Popen(arguments, cwd=project.folder, env=project.environment, stdout=subprocess.DEVNULL)
    with watch:
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = status
    if status:
        raise SystemExit(f"{' '.join(arguments[:4])} ended with status {status}")
    return {
        "wall": round(wall, 3),
        "cpu": round(usage.ru_utime + usage.ru_stime, 3),
        "peak": round(usage.ru_maxrss * 1024 / 1e6, 1),
        "written": round(usage.ru_oublock * _BLOCK / 1e6, 1),
        "spilled": round(watch.largest / 1e6, 1),
    }


class _SpillWatch:
    """Looks at a folder again and again. `largest` is the most bytes that were in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.largest = 0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_POLL):
            self.largest = max(self.largest, _size_of(self._folder))


def _size_of(folder: Path) -> int:
    try:
        return sum(entry.stat().st_blocks * _BLOCK for entry in os.scandir(folder))
    except FileNotFoundError:
        return 0  # DuckDB removes the folder, and files in it, at any time


def prepare(project: Project, *statements: str) -> None:
    """Run statements in a process of its own: a child's peak counts what its parent held when it was forked."""
    code = (
        "import duckdb, sys; connection = duckdb.connect('shop.duckdb', config={'memory_limit': '4GB'})\n"
        "connection.execute('SET preserve_insertion_order = false')\n"
        "for statement in sys.argv[1:]: connection.execute(statement)"
    )
    measure(project, [sys.executable, "-c", code, *statements])


def run_figures(project: Project, sink: Sink, rows: int, *words: str) -> Figures:
    """Measure `reverse-etl run`, which must send exactly so many rows. Adds the seconds of its stages, and requests."""
    sink.take_counts()
    figures = measure(project, command("run", "--quiet", "--allow", "first_run_size", *words))
    result = project.result()
    counts = sink.take_counts()
    if (counts["rows"], project.counts("accepted")) != (rows, (rows,)):
        raise SystemExit(
            f"{counts['rows']:,} rows arrived, and {project.counts('accepted')} were accepted, not {rows:,}"
        )
    kept = {name: result[name] for name in ("timings", "sending") if name in result}
    return {**figures, "rows": rows, "requests": counts["requests"], "busiest_second": counts["busiest_second"], **kept}


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
