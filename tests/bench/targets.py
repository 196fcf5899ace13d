"""The targets of speed and memory, and what the results say about each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.bench import memory, rate_limits, start_up, users
from tests.bench.result_file import Measurement

Results = Mapping[str, Measurement]
MILLION = 1_000_000
_UNITS = {"KB": 1e-3, "MB": 1.0, "GB": 1e3}


@dataclass(frozen=True)
class Target:
    """A figure and its limit; `at_least` says on which side of the limit it must be. `shown` formats both."""

    text: str
    limit: float
    measure: Callable[[Results], float | None]
    shown: str
    at_least: bool = False

    def row(self, results: Results) -> tuple[str, str, str, str] | None:
        """The target, its limit, the figure, and whether it is met; None if it was not measured."""
        figure = self.measure(results)
        if figure is None:
            return None
        is_met = figure >= self.limit if self.at_least else figure <= self.limit
        bound = "at least" if self.at_least else "at most"
        return (
            self.text,
            f"{bound} {self.shown.format(self.limit)}",
            self.shown.format(figure),
            "yes" if is_met else "no",
        )


def megabytes(limit: str) -> float:
    """A memory limit of DuckDB, such as `1GB`, in MB."""
    return float(limit[:-2]) * _UNITS[limit[-2:].upper()]


def memory_beyond_limit(measured: Measurement) -> float | None:
    """MB of the largest process beyond what DuckDB may use."""
    peaks = [peak for case in (users.FIRST, users.PLAN_SAME) for peak in measured.values(case, "peak")]
    return max(peaks) - megabytes(str(measured.facts["memory_limit"])) if peaks else None


def sending_rate(measured: Measurement) -> float | None:
    """Users a second in the sending stage of the first run."""
    rows, seconds = (measured.median(users.FIRST, figure) for figure in ("rows", "timings.send"))
    return rows / seconds if rows and seconds else None


def _within(name: str, case: str, other: str, figure: str = "wall") -> Callable[[Results], float | None]:
    return lambda results: results[name].ratio(case, other, figure) if name in results else None


def _across(name: str, other: str, case: str) -> Callable[[Results], float | None]:
    def ratio(results: Results) -> float | None:
        ours, theirs = (results[one].median(case) if one in results else None for one in (name, other))
        return ours / theirs if ours and theirs else None

    return ratio


def _of(name: str, figure: Callable[[Measurement], float | None]) -> Callable[[Results], float | None]:
    return lambda results: figure(results[name]) if name in results else None


def _median(name: str, case: str, figure: str = "wall") -> Callable[[Results], float | None]:
    return _of(name, lambda measured: measured.median(case, figure))


def _needless_requests(measured: Measurement) -> float | None:
    rows, requests = (measured.median(users.FIRST, figure) for figure in ("rows", "requests"))
    return requests - -(-rows // 1000) if rows and requests else None


def _beyond_by_hand(measured: Measurement) -> float | None:
    run, hand = measured.median(users.RUN_SAME), measured.median(users.HAND_SAME)
    return run - 1.2 * hand if run is not None and hand is not None else None


def _spilled(measured: Measurement) -> float | None:
    spilled, table = (measured.median(users.FIRST, figure) for figure in ("spilled", "table"))
    return spilled / table if spilled is not None and table else None


def _rate_ratio(results: Results) -> float | None:
    rates = [sending_rate(results[name]) for name in (_LARGEST, _LARGE) if name in results]
    return rates[0] / rates[1] if len(rates) == 2 and rates[0] and rates[1] else None


_ONE, _TEN = (users.name_of(rows) for rows in (MILLION, 10 * MILLION))
_LARGE, _LARGEST = (memory.name_of(rows) for rows in (10 * MILLION, 50 * MILLION))
_TIMES, _SECONDS, _MB, _SHARE = "{:.2f} x", "{:.2f} s", "{:.0f} MB", "{:.1%}"
_FIRST_RUNS = (
    Target("1 M users, first run: time, compared with dlt", 0.5, _within(_ONE, users.FIRST, "dlt"), _TIMES),
    Target("1 M users, first run: CPU, compared with dlt", 0.5, _within(_ONE, users.FIRST, "dlt", "cpu"), _TIMES),
    Target("1 M users, first run: time, compared with the floor", 4, _within(_ONE, users.FIRST, "floor"), _TIMES),
    Target("1 M users, first run: users a second while sending", 250_000, _of(_ONE, sending_rate), "{:,.0f}", True),
    Target("1 M users, first run: requests more than needed", 0, _of(_ONE, _needless_requests), "{:.0f}"),
    Target("10 M users, first run: time, compared with 1 M", 10.5, _across(_TEN, _ONE, users.FIRST), _TIMES),
    Target("50 M users, first run: time, compared with 10 M", 5.5, _across(_LARGEST, _LARGE, users.FIRST), _TIMES),
    Target("50 M users, first run: rate of sending, compared with 10 M", 0.95, _rate_ratio, _TIMES, True),
)
_LATER_RUNS = (
    Target(
        "10 M users, 1 % changed: run, compared with plan",
        1.5,
        _within(_TEN, users.RUN_CHANGED, users.PLAN_CHANGED),
        _TIMES,
    ),
    Target("1 M users, no row changed: run, beyond 1.2 x the SQL by hand", 0.5, _of(_ONE, _beyond_by_hand), _SECONDS),
    Target("10 M users, no row changed: run, beyond 1.2 x the SQL by hand", 0.5, _of(_TEN, _beyond_by_hand), _SECONDS),
    Target(
        "50 M users, no row changed: plan, compared with 10 M", 5.5, _across(_LARGEST, _LARGE, users.PLAN_SAME), _TIMES
    ),
)
_MEMORY = (
    Target("50 M users: spilled to disk, compared with the table", 1.5, _of(_LARGEST, _spilled), _TIMES),
    *(
        Target(f"{text}: memory beyond DuckDB's limit", 200, _of(name, memory_beyond_limit), _MB)
        for text, name in (
            ("1 M users", _ONE),
            ("10 M users", _TEN),
            ("50 M users", _LARGEST),
            ("rows of 10 kB", memory.WIDE),
        )
    ),
)
_RATES = tuple(
    Target(f"{case}: share of Iterable's limit", 0.97, _median(rate_limits.NAME, case, "share"), _SHARE, at_least=True)
    for case in (rate_limits.case_name(case, 0.2) for case in rate_limits.CASES)
    if "strict" not in case
)
_START = (
    Target("`--help`", 0.2, _median(start_up.NAME, start_up.HELP), _SECONDS),
    Target("`validate` with 5,000 models", 2, _median(start_up.NAME, start_up.VALIDATE), _SECONDS),
    Target("start of `run` to its first statement", 0.6, _median(start_up.NAME, start_up.STATEMENT), _SECONDS),
)
TARGETS = (*_FIRST_RUNS, *_LATER_RUNS, *_MEMORY, *_RATES, *_START)
