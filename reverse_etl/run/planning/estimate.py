"""Estimates how many requests a plan needs, and how long they take at the documented rates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from reverse_etl.destinations.operation import Operations
from reverse_etl.destinations.request import Endpoint
from reverse_etl.settings import Settings

_DAY = 86_400.0


@dataclass(frozen=True)
class Estimate:
    """The least number of requests (large bodies need more), and their seconds at the rates of their endpoints."""

    requests: int = 0
    seconds: float = 0.0


def estimate(operations: Operations, settings: Settings, writes: int, removals: int) -> Estimate:
    """Return the requests and seconds for so many rows. Endpoints have their own rates and run one after another."""
    write, remove, lookup = operations.write, operations.remove, operations.lookup
    steps = [(write.endpoint, ceil(writes / min(write.max_rows, settings.batch_rows)))]
    if lookup is not None:
        steps.append((lookup.endpoint, writes))
    if remove is not None:
        steps.append((remove.endpoint, ceil(removals / min(remove.max_rows, settings.batch_rows))))
    seconds = sum(_seconds(count, with_rate(endpoint, operations, settings)) for endpoint, count in steps)
    return Estimate(sum(count for _, count in steps), round(seconds, 3))


def with_rate(endpoint: Endpoint, operations: Operations, settings: Settings) -> Endpoint:
    """Return the endpoint with the rate that a run keeps: the one that a setting names, or the endpoint's own."""
    endpoint_rate = getattr(settings, endpoint.setting) if endpoint.setting else 0
    rate = settings.requests_per_second if endpoint == operations.write.endpoint else 0
    return replace(endpoint, per_second=rate or endpoint_rate or endpoint.per_second)


def _seconds(requests: int, endpoint: Endpoint) -> float:
    """Return how long so many requests take. A used-up limit per day costs a whole day."""
    days = max(requests - 1, 0) // endpoint.per_day if endpoint.per_day else 0
    rest = requests - days * (endpoint.per_day or 0)
    return days * _DAY + rest / endpoint.per_second
