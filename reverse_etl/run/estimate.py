"""Estimate: how many requests a plan takes, and how long at Iterable's documented rates; knows no rows, only counts."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from reverse_etl.iterable.base import Operations
from reverse_etl.settings import Settings


@dataclass(frozen=True)
class Estimate:
    """Requests at least (bodies that are too large are cut further), and seconds at the rates of their endpoints."""

    requests: int = 0
    seconds: float = 0.0


def estimate(operations: Operations, settings: Settings, writes: int, removals: int) -> Estimate:
    """What sending so many rows takes. Different endpoints have rates of their own, and run one after another."""
    write, remove, lookup = operations.write, operations.remove, operations.lookup
    bulk = settings.requests_per_second or write.endpoint.per_second
    batches = ceil(writes / min(write.max_rows, settings.batch_rows))
    requests, seconds = batches, batches / bulk
    if lookup is not None:
        requests, seconds = requests + writes, seconds + writes / lookup.endpoint.per_second
    if remove is not None and removals:
        removing = ceil(removals / min(remove.max_rows, settings.batch_rows))
        rate = bulk if remove.endpoint == write.endpoint else remove.endpoint.per_second
        requests, seconds = requests + removing, seconds + removing / rate
    return Estimate(requests, round(seconds, 3))
