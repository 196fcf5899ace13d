"""Large tables under a memory limit: the peak of the process, what DuckDB spilled, and a plan without a change."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench import data
from tests.bench.measured_process import Sink, command, measure, open_sink, prepare, run_figures, say
from tests.bench.result_file import Measurement, Round, measure_rounds
from tests.bench.users import FIRST, PLAN_SAME, show, user_project

LIMIT = "1GB"
WIDE, WIDE_ROWS = "memory-wide", 50_000


def name_of(rows: int) -> str:
    return f"memory-{rows}"


def measure_memory(rows: int, memory_limit: str = LIMIT) -> Measurement:
    """Measure one round with so many users."""
    say(f"{rows:,} users, DuckDB limited to {memory_limit}")
    return _measure(rows, memory_limit, data.create)


def measure_wide(rows: int = WIDE_ROWS, memory_limit: str = "200MB") -> Measurement:
    """Measure one round with so many rows of 10 kB."""
    say(f"{rows:,} users of 10 kB, DuckDB limited to {memory_limit}")
    return _measure(rows, memory_limit, data.create_wide)


def _measure(rows: int, memory_limit: str, create: Callable[[int], str]) -> Measurement:
    facts: dict[str, object] = {"rows": rows, "memory_limit": memory_limit}
    with open_sink() as sink:
        return measure_rounds(facts, 1, lambda: _round(rows, memory_limit, create(rows), sink))


def _round(rows: int, memory_limit: str, statement: str, sink: Sink) -> Round:
    with user_project(sink, memory_limit) as project:
        prepare(project, statement)
        table_mb = round((project.folder / "shop.duckdb").stat().st_size / 1e6, 1)
        say(f"  the table takes {table_mb:,.0f} MB")
        first = show(FIRST, {**run_figures(project, sink, rows), "table": table_mb})
        prepare(project, data.KEEP, data.REBUILD, "DROP TABLE kept")
        return {FIRST: first, PLAN_SAME: show(PLAN_SAME, measure(project, command("plan", "--quiet")))}
