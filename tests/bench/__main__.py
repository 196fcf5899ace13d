"""Measure plan and run on DuckDB: `python -m tests.bench [ROWS ...]`, by default 1,000,000 and 10,000,000.

Every figure is of a whole process. Comparisons alternate, and the ratio compares the medians; on a shared machine
only ratios can be trusted. Sending is measured against a server that answers at once, without Iterable's rate limit.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import data
from tests.stories.project import Project

MEMORY = "200MB"
ROUNDS = 3
META = {"object": "users", "email": "email"}
BY_HAND = f"""
import duckdb
connection = duckdb.connect("shop.duckdb", read_only=True, config={{"memory_limit": "{MEMORY}"}})
connection.execute("SET preserve_insertion_order = false")
print(connection.execute({data.COMPARE!r}).fetchall())
"""


@dataclass(frozen=True)
class Measured:
    """One process: wall and CPU seconds, and its largest resident size in MB."""

    wall: float
    cpu: float
    peak: float


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def measure(project: Project, arguments: Sequence[str]) -> Measured:
    """Run a command in the project to its end; it must succeed."""
    began = time.monotonic()
    process = subprocess.Popen(arguments, cwd=project.folder, env=project.environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if status:
        raise SystemExit(f"{' '.join(arguments[:4])} ended with status {status}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def prepare(project: Project, statement: str) -> None:
    """Run a statement in a process of its own: a child's peak counts what its parent held when it was forked."""
    code = "import duckdb, sys; duckdb.connect('shop.duckdb', config={'memory_limit': '4GB'}).execute(sys.argv[1])"
    measure(project, [sys.executable, "-c", code, statement])


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "reverse_etl", *words]


@contextmanager
def sink() -> Iterator[str]:
    """The address of a server that forgets what it gets."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.sink"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.wait()


def compare(project: Project, label: str) -> None:
    """`reverse-etl plan` and the comparison by hand, one after the other."""
    plans, hands = [], []
    for _ in range(ROUNDS):
        plans.append(measure(project, command("plan", "--quiet")))
        hands.append(measure(project, [sys.executable, "-c", BY_HAND]))
    plan, hand = (statistics.median(item.wall for item in items) for items in (plans, hands))
    cpu = statistics.median(item.cpu for item in plans) / statistics.median(item.cpu for item in hands)
    peak = max(item.peak for item in plans)
    say(
        f"  plan, {label:<12} {plan:7.2f} s   by hand {hand:7.2f} s   ratio {plan / hand:.2f} (CPU {cpu:.2f})"
        f"   {peak:.0f} MB"
    )


def send(project: Project, rows: int, label: str) -> None:
    """A whole run, and the rate of its sending stage."""
    spent = measure(project, command("run", "--quiet", "--allow", "first_run_size"))
    result = project.result()
    timings = result["timings"]
    assert isinstance(timings, dict)
    (accepted,) = project.counts("accepted")
    if accepted != rows:
        raise SystemExit(f"{accepted} rows were accepted, not {rows}")
    say(
        f"  run, {label:<13} {spent.wall:7.2f} s   {accepted / spent.wall:9,.0f} users/s in all"
        f"   {accepted / timings['send']:9,.0f} users/s sending   {spent.peak:.0f} MB"
    )


def bench(rows: int, url: str) -> None:
    """All figures for a model of so many rows."""
    say(f"{rows:,} rows x {len(data.COLUMNS) + 1} columns, DuckDB limited to {MEMORY}")
    with tempfile.TemporaryDirectory(prefix="reverse-etl-bench-") as folder:
        settings = {"REVERSE_ETL_REQUESTS_PER_SECOND": "100000", "REVERSE_ETL_MEMORY_LIMIT": MEMORY}
        project = Project.make(Path(folder) / "shop", url, META, settings)
        prepare(project, data.create(rows))
        send(project, rows, "every row")
        prepare(project, data.KEEP)
        compare(project, "no change")
        prepare(project, data.CHANGE)
        compare(project, "1 % changed")
        (changed,) = project.sql("SELECT count(*) FROM people WHERE updated_at = TIMESTAMP '2025-01-01'")[0]
        send(project, int(str(changed)), "1 % changed")


def main() -> None:
    """Bench each size."""
    with sink() as url:
        for rows in [int(float(word)) for word in sys.argv[1:]] or [1_000_000, 10_000_000]:
            bench(rows, url)


if __name__ == "__main__":
    main()
