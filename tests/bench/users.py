"""Users on DuckDB: plan and run, compared with SQL by hand and with other ways to send the rows.

Each round has a project of its own, and every case once, so that cases of different programs alternate.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import data
from tests.bench.measured_process import Figures, Sink, command, measure, open_sink, prepare, run_figures, say
from tests.bench.result_file import Measurement, Round, measure_rounds
from tests.emulators.environment import python_of
from tests.stories.project import Project

META = {"object": "users", "email": "email"}
# Case to program. They run in an environment of their own.
PEERS: Mapping[str, str] = {"floor": "floor.py", "dlt": "dlt_pipeline.py", "script": "pandas_script.py"}
FIRST = "run, every row"
PLAN_SAME, HAND_SAME, RUN_SAME = "plan, no row changed", "by hand, no row changed", "run, no row changed"
PLAN_CHANGED, HAND_CHANGED, RUN_CHANGED = "plan, 1 % changed", "by hand, 1 % changed", "run, 1 % changed"
_BY_HAND = """
import duckdb
connection = duckdb.connect("shop.duckdb", read_only=True, config={{"memory_limit": {memory_limit!r}}})
connection.execute("SET preserve_insertion_order = false")
print(connection.execute({question!r}).fetchall())
"""
PEERS_FOLDER = Path(__file__).with_name("peers")


@dataclass(frozen=True)
class UserBench:
    """What is measured: so many rows, with DuckDB limited to so much memory, next to these peers."""

    rows: int
    memory_limit: str
    peers: Collection[str] = ()

    @property
    def name(self) -> str:
        return name_of(self.rows)

    @property
    def facts(self) -> dict[str, object]:
        return {"rows": self.rows, "columns": len(data.COLUMNS) + 1, "memory_limit": self.memory_limit}


def name_of(rows: int) -> str:
    return f"users-{rows}"


def measure_users(bench: UserBench, rounds: int) -> Measurement:
    """Measure every case in each round."""
    say(f"{bench.rows:,} users x {len(data.COLUMNS) + 1} columns, DuckDB limited to {bench.memory_limit}")
    with open_sink() as sink:
        return measure_rounds(bench.facts, rounds, lambda: _round(bench, sink))


@contextmanager
def user_project(sink: Sink, memory_limit: str) -> Iterator[Project]:
    """A project without Iterable's rate limits, and without a table yet."""
    with tempfile.TemporaryDirectory(prefix="reverse-etl-bench-") as folder:
        settings = {"REVERSE_ETL_REQUESTS_PER_SECOND": "100000", "REVERSE_ETL_MEMORY_LIMIT": memory_limit}
        yield Project.make(Path(folder) / "shop", sink.url, META, settings)


def _round(bench: UserBench, sink: Sink) -> Round:
    with user_project(sink, bench.memory_limit) as project:
        prepare(project, data.create(bench.rows))
        return {
            case: show(case, figures)
            for cases in (_send_everything, _send_nothing, _send_changes)
            for case, figures in cases(bench, project, sink)
        }


def _send_everything(bench: UserBench, project: Project, sink: Sink) -> Iterator[tuple[str, Figures]]:
    first, *others = (name for name in PEERS if name in bench.peers) if bench.peers else ("",)
    if first:
        yield first, _measure_peer(first, bench, project, sink)
    yield FIRST, run_figures(project, sink, bench.rows)
    for name in others:
        yield name, _measure_peer(name, bench, project, sink)


def _send_nothing(bench: UserBench, project: Project, sink: Sink) -> Iterator[tuple[str, Figures]]:
    prepare(project, data.KEEP, data.REBUILD)
    yield from _compare(bench, project, PLAN_SAME, HAND_SAME)
    yield RUN_SAME, run_figures(project, sink, 0)


def _send_changes(bench: UserBench, project: Project, sink: Sink) -> Iterator[tuple[str, Figures]]:
    prepare(project, data.CHANGE)
    [(changed,)] = project.sql(data.CHANGED)
    yield from _compare(bench, project, PLAN_CHANGED, HAND_CHANGED)
    yield RUN_CHANGED, run_figures(project, sink, int(str(changed)))


def _compare(bench: UserBench, project: Project, plan: str, hand: str) -> Iterator[tuple[str, Figures]]:
    by_hand = _BY_HAND.format(memory_limit=bench.memory_limit, question=data.COMPARE)
    yield plan, measure(project, command("plan", "--quiet"))
    yield hand, measure(project, [sys.executable, "-c", by_hand])


def _measure_peer(name: str, bench: UserBench, project: Project, sink: Sink) -> Figures:
    python = python_of("peers", PEERS_FOLDER)
    sink.take_counts()
    script = str(PEERS_FOLDER / PEERS[name])
    figures = measure(project, [str(python), script, "shop.duckdb", sink.url, bench.memory_limit])
    counts = sink.take_counts()
    if counts["rows"] != bench.rows:
        raise SystemExit(f"{name} sent {counts['rows']:,} rows, not {bench.rows:,}")
    return {**figures, "rows": counts["rows"], "requests": counts["requests"]}


def show(case: str, figures: Figures) -> Figures:
    """Print a case as soon as it is measured."""
    sent = f"   {figures['requests']:,} requests" if figures.get("requests") else ""
    say(f"  {case:<24} {figures['wall']:8.2f} s   CPU {figures['cpu']:8.2f} s   {figures['peak']:6.0f} MB{sent}")
    return figures
