"""One run of one sync in this process, over a warehouse, a clock and settings of a test's own."""

from __future__ import annotations

import itertools
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from reverse_etl.change import RunResult
from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.delivery.rate_limiter import RateLimiter, Time
from reverse_etl.destinations.iterable import entries
from reverse_etl.destinations.iterable.config import IterableConfig
from reverse_etl.destinations.iterable.protocol.client import HttpClient
from reverse_etl.destinations.iterable.protocol.client_config import ClientConfig
from reverse_etl.events import silent
from reverse_etl.run.environment import Connections, Invocation, RunClock, RunEnvironment
from reverse_etl.run.runnable_sync import resolve_sync
from reverse_etl.run.runner import run_sync
from reverse_etl.secret import Secret
from reverse_etl.settings import Settings
from reverse_etl.warehouses.base import WaitPolicy, Warehouse
from reverse_etl.warehouses.duckdb import DuckDB

REAL = Time(time.monotonic, time.sleep, random.Random(1).random)


def opened(kind: type[DuckDB], folder: Path) -> DuckDB:
    """A warehouse of a test's own over a project's file."""
    options = {"read_only": False, "config": {"memory_limit": "200MB"}}
    return kind(str(folder / "shop.duckdb"), options, WaitPolicy(5, time.monotonic, time.sleep))


def run(
    warehouse: Warehouse, url: str, meta: object, settings: Settings, clock: Time = REAL, **given: Any
) -> RunResult:
    """Run the model once. `given` are its `relation`, and fields of Invocation or Connections of the test's own."""
    assert clock is not REAL or not settings.user_pause, "the run would really wait for `user_pause`"
    relation = str(given.get("relation", '"shop"."main"."people"'))
    [sync], _ = read_definitions(
        TaggedModel("people", "model.shop.people", relation, "people.yml"), meta, lambda _: entries()
    )
    destination = IterableConfig("iterable", url, given.get("project_type", "email"), Secret("sandbox-story"))
    connections = Connections(
        client=lambda d: HttpClient(ClientConfig(d.base_url, d.api_key, settings.http_timeout)),
        limiter=lambda _, endpoint: RateLimiter(endpoint.per_second, clock.monotonic),
    )
    invocation = Invocation("story", silent, process={}, is_alive=lambda _note: False, wait=5)
    environment = RunEnvironment(settings, clock_of(clock), _with(invocation, given), _with(connections, given))
    return run_sync(resolve_sync(sync, destination, warehouse), warehouse, environment)


def clock_of(clock: Time) -> RunClock:
    """The same clock, with a time of day that stands still."""
    new_id = iter(f"id{random.random()}" for _ in itertools.count()).__next__
    return RunClock(clock.monotonic, clock.sleep, clock.random, lambda: "2026-01-01 00:00:00", new_id)


def _with(value: Any, given: dict[str, Any]) -> Any:
    """The value with only the given fields."""
    return replace(value, **{name: one for name, one in given.items() if name in value.__dataclass_fields__})
