"""The tables of the page on performance, made from the file of results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.bench import rate_limits, start_up, users
from tests.bench.result_file import PUBLISHED, Measurement
from tests.bench.targets import TARGETS, Results, sending_rate

PAGE = PUBLISHED.with_suffix(".md")
PLOT = PUBLISHED.with_suffix(".png")
_NOTHING = "Not measured yet.\n"
_PROGRAMS = {"floor": "The floor", users.FIRST: "**reverse-etl**", "dlt": "dlt", "script": "pandas and requests"}

_LATER = {
    users.PLAN_SAME: users.HAND_SAME,
    users.RUN_SAME: users.HAND_SAME,
    users.PLAN_CHANGED: users.HAND_CHANGED,
    users.RUN_CHANGED: users.HAND_CHANGED,
}
_COMPARED = ("Command, users", "Time", "By hand", "Ratio", "CPU ratio", "Peak memory")


def tables(results: Results) -> dict[str, str]:
    """Each table by the name of its place in the page."""
    return {name: make(results) or _NOTHING for name, make in _TABLES.items()}


def fill_page(page: str, results: Results) -> str:
    """The page with every table made again. A table stands between `<!-- NAME -->` and `<!-- end of NAME -->`."""
    for name, text in tables(results).items():
        before, begin, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->\n")
        if not begin or not end:
            raise SystemExit(f"{PAGE.name} has no place for the table {name}")
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page


def plot_data(results: Results) -> dict[str, object]:
    """What the plot shows: seconds of each program, and how often the SQL by hand fits into `plan` and `run`."""
    one = results.get(users.name_of(_smallest(results)))
    first = [[title.strip("*"), one.median(case)] for case, title in _PROGRAMS.items() if one and one.median(case)]
    ratios = [
        [f"{case}, {_millions(rows)}", results[name].ratio(case, hand)]
        for rows, name in _user_sizes(results)
        for case, hand in _LATER.items()
        if hand
    ]
    return {"rows": _millions(_smallest(results)), "first": first, "ratios": ratios}


def write_plot_data(results: Results, path: Path) -> None:
    path.write_text(json.dumps(plot_data(results)), encoding="utf-8")


def _smallest(results: Results) -> int:
    """The size at which other programs were measured too."""
    return next((rows for rows, name in _user_sizes(results) if results[name].values("dlt", "wall")), 0)


def _user_sizes(results: Results) -> list[tuple[int, str]]:
    return sorted((int(name.partition("-")[2]), name) for name in results if name.startswith("users-"))


def _first_runs(results: Results) -> str:
    lines = []
    for rows, name in _user_sizes(results):
        one = results[name]
        for case, title in _PROGRAMS.items():
            if one.values(case, "wall"):
                ratio = one.ratio(users.FIRST, case)
                shown = f"{ratio:.2f}" if ratio and case != users.FIRST else ""
                cells = (
                    _seconds(one, case, "wall"),
                    _seconds(one, case, "cpu"),
                    _megabytes(one, case),
                    _requests(one, case),
                )
                lines.append((f"{title}, {rows:,}", *cells, shown))
    return _table(("Program, users", "Time", "CPU", "Peak memory", "Requests", "Ratio"), lines)


def _later_runs(results: Results) -> str:
    lines = [line for rows, name in _user_sizes(results) for line in _compared(results[name], rows, _LATER)]
    return _table(_COMPARED, lines)


def _postgres(results: Results) -> str:
    found = [(int(name.partition("-")[2]), name) for name in results if name.startswith("postgres-")]
    cases = {users.FIRST: "", **_LATER}
    return _table(_COMPARED, [line for rows, name in sorted(found) for line in _compared(results[name], rows, cases)])


def _compared(one: Measurement, rows: int, cases: Mapping[str, str]) -> Iterator[Sequence[str]]:
    """A line for each case that was measured. `cases` are cases with the SQL by hand that each is compared with."""
    for case, hand in cases.items():
        if one.values(case, "wall"):
            command, _, rest = case.partition(", ")
            by_hand = _seconds(one, hand, "wall") if hand else ""
            ratios = [_ratio(one.ratio(case, hand, figure)) for figure in ("wall", "cpu")]
            cells = (_seconds(one, case, "wall"), by_hand, *ratios, _megabytes(one, case))
            yield (f"`{command}`, {rest}, {rows:,}", *cells)


def _stages(results: Results) -> str:
    """Seconds of each stage of the first run, and within the sending stage."""
    lines = []
    for rows, name in _user_sizes(results):
        one = results[name]
        for figure in ("timings", "sending"):
            for part in _parts(one, users.FIRST, figure):
                value = one.median(users.FIRST, f"{figure}.{part}")
                indent = "" if figure == "timings" else "while sending: "
                if value is not None and value >= _SHORTEST:
                    lines.append((f"{indent}{part.replace('_', ' ')}, {rows:,}", f"{value:.2f} s"))
        rate = sending_rate(one)
        lines += [(f"users a second while sending, {rows:,}", f"{rate:,.0f}")] if rate else []
    return _table(("Stage of the first run, users", "Figure"), lines)


_SHORTEST = 0.005  # seconds; shorter stages are left out


def _parts(one: Measurement, case: str, figure: str) -> Sequence[str]:
    found = one.rounds[0].get(case, {}).get(figure)
    return list(found) if isinstance(found, Mapping) else ()


def _limits(results: Results) -> str:
    one = results.get(rate_limits.NAME)
    lines = []
    for case in rate_limits.CASES if one else ():
        for delay in rate_limits.DELAYS:
            name = rate_limits.case_name(case, delay)
            share, requests, rows = (one.median(name, figure) for figure in ("share", "requests", "rows"))  # type: ignore[union-attr]
            if share is not None and requests is not None and rows is not None:
                lines.append((case.name, f"{delay * 1000:.0f} ms", f"{rows:,.0f}", f"{requests:,.0f}", f"{share:.1%}"))
    return _table(("Rows", "Latency", "Number", "Requests", "Share of the limit"), lines)


def _start(results: Results) -> str:
    one = results.get(start_up.NAME)
    cases = (start_up.HELP, start_up.VALIDATE, start_up.STATEMENT, start_up.LATE_STATEMENT)
    lines = [
        (case, _seconds(one, case, "wall"), _seconds(one, case, "cpu"))
        for case in cases
        if one and one.values(case, "wall")
    ]
    return _table(("Start", "Time", "CPU"), lines)


def _memory(results: Results) -> str:
    lines = []
    for name in sorted((name for name in results if name.startswith("memory-")), key=len):
        one = results[name]
        for case in (users.FIRST, users.PLAN_SAME):
            spilled, table = one.median(case, "spilled"), one.median(users.FIRST, "table")
            cells = (str(one.facts["memory_limit"]), _seconds(one, case, "wall"), _megabytes(one, case))
            what = f"{one.facts['rows']:,}" + (" of 10 kB" if name.endswith("wide") else "")
            lines.append((f"{case}, {what}", *cells, f"{spilled or 0:,.0f} MB", f"{table or 0:,.0f} MB"))
    return _table(("Command, users", "DuckDB's limit", "Time", "Peak memory", "Spilled", "Table"), lines)


def _targets(results: Results) -> str:
    return _table(("Target", "Limit", "Measured", "Met"), [row for one in TARGETS if (row := one.row(results))])


def _machine(results: Results) -> str:
    """When, and with what, each figure was measured."""
    lines = []
    for name, one in results.items():
        machine = f"{one.machine['processor']}, {one.machine['cores']} cores, {one.machine['memory_gb']} GB"
        versions = f"Python {one.versions['python']}, DuckDB {one.versions['duckdb']}, commit {one.versions['commit']}"
        lines.append((name, one.date, str(len(one.rounds)), machine, str(one.machine["load"]), versions))
    return _table(("Measurement", "Date", "Rounds", "Machine", "Load", "Versions"), lines)


_TABLES: Mapping[str, Callable[[Results], str]] = {
    "targets": _targets,
    "first runs": _first_runs,
    "stages": _stages,
    "later runs": _later_runs,
    "limits": _limits,
    "memory": _memory,
    "postgres": _postgres,
    "start": _start,
    "machine": _machine,
}


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    if not lines:
        return ""
    rows = [heads, ["---"] * len(heads), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _seconds(one: Measurement, case: str, figure: str) -> str:
    """The median, and the smallest and largest round if there are several."""
    values = one.values(case, figure)
    spread = f" ({min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
    return f"{one.median(case, figure) or 0:.2f} s{spread}"


def _megabytes(one: Measurement, case: str) -> str:
    return f"{max(one.values(case, 'peak'), default=0):,.0f} MB"


def _requests(one: Measurement, case: str) -> str:
    return f"{one.median(case, 'requests') or 0:,.0f}"


def _ratio(ratio: float | None) -> str:
    return f"{ratio:.2f}" if ratio is not None else ""


def _millions(rows: int) -> str:
    return f"{rows / 1e6:g} M"
