"""Limits: the problems that end a run because Iterable takes no more requests for now."""

from __future__ import annotations

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.destinations.request import Endpoint


def throttled_problem(seconds: float) -> Problem:
    """Return what ends the run."""
    return Problem(
        "rate-limited",
        f"Iterable answered 429 and nothing else for {seconds:.0f} s",
        "Lower REVERSE_ETL_REQUESTS_PER_SECOND, or find what else uses this project's limit.",
        {"seconds": round(seconds)},
    )


def daily_limit(endpoint: Endpoint, per_day: int | None) -> Problem:
    """Return what ends the run until tomorrow."""
    name = f"{endpoint.method} {endpoint.path}"
    return Problem(
        "daily-limit",
        f"Iterable takes {plural(per_day or 0, 'request')} of {name} in 24 hours, and none is left",
        "Run again in 24 hours: the rows that were not sent are sent then.",
        {"endpoint": name, "requests in 24 hours": per_day},
    )
