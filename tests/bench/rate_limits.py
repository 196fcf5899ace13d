"""First runs with Iterable's limits on, and a server that takes its time: which share of the permitted rate is reached.

Many events of a user share a request. With `event_order: strict` each request holds one event of a user.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench import data
from tests.bench.measured_process import Figures, Sink, open_sink, prepare, run_figures, say
from tests.bench.result_file import Measurement, Round, measure_rounds, value_of
from tests.bench.users import META as USERS
from tests.bench.users import show
from tests.stories.project import Project

NAME = "rate-limits"
DELAYS = (0.05, 0.2)
EVENTS = {"object": "events", "event_name": {"value": "Visit"}, "event_id": "id", "email": "email", "created_at": "at"}
_MODEL = """
    CREATE TABLE people AS SELECT 'e-' || i AS id, 'u' || (hash(i) % {users}) || '@shop.com' AS email,
        now()::TIMESTAMP - to_seconds((hash(i + 1) % 80000)::BIGINT) AS at, i % 100 AS amount
    FROM range({rows}) t(i)"""


@dataclass(frozen=True)
class LimitCase:
    """Rows of one sync. Iterable permits `rate` rows a second, so that they take `seconds` at least."""

    name: str
    meta: Mapping[str, object]
    rate: int
    model: str
    seconds: int = 10


def events_model(of_a_user: int) -> str:
    """Events, so many of each user, in no order."""
    return _MODEL.replace("{users}", f"({{rows}} // {of_a_user})")


CASES = (
    LimitCase("users", USERS, 5000, data.create("{rows}")),
    LimitCase("events, 1 of each user", EVENTS, 10_000, events_model(1)),
    LimitCase("events, 30 of each user", EVENTS, 10_000, events_model(30)),
    LimitCase("events, 30 of each user, `strict`", {**EVENTS, "event_order": "strict"}, 10_000, events_model(30), 2),
)


def case_name(case: LimitCase, delay: float) -> str:
    return f"{case.name}, {delay * 1000:.0f} ms"


def measure_limits(rounds: int, seconds: float = 1.0) -> Measurement:
    """Measure every case at each latency. `seconds` makes all cases longer or shorter."""
    say("First runs with Iterable's limits: users 5,000 a second, events 10,000 a second")
    return measure_rounds({"delays": list(DELAYS)}, rounds, lambda: _round(seconds))


def _round(seconds: float) -> Round:
    measured = {}
    for delay in DELAYS:
        with open_sink(delay) as sink:
            measured |= {case_name(case, delay): _measure(case, delay, sink, seconds) for case in CASES}
    return measured


def _measure(case: LimitCase, delay: float, sink: Sink, seconds: float) -> Figures:
    rows = int(case.rate * case.seconds * seconds)
    with tempfile.TemporaryDirectory(prefix="reverse-etl-bench-") as folder:
        project = Project.make(Path(folder) / "shop", sink.url, case.meta, {})
        prepare(project, case.model.replace("{rows}", str(rows)))
        figures = run_figures(project, sink, rows)
    sending = value_of(figures, "timings.send") or 0.0
    share = round(rows / sending / case.rate, 4)
    return show(case_name(case, delay), {**figures, "rate": case.rate, "share": share})
