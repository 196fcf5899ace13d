"""How many statements a run of many rows needs: few if each of them takes time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from reverse_etl.change import SyncStatus
from reverse_etl.delivery.rate_limiter import Time
from reverse_etl.run.sending.send_window import SendWindow
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB
from tests.reference_iterable import ReferenceServer
from tests.stories.project import Project
from tests.stories.running import opened, run

META = {"object": "list_members", "list": {"name": "Seen"}, "email": "email", "mode": "add"}
KEY = {"Api-Key": "sandbox-story"}


class Slow(DuckDB):
    """Each statement takes twenty seconds by this clock; the windows of a plan that are read are counted."""

    waited = 0.0
    windows = 0

    def monotonic(self) -> float:
        return time.monotonic() + self.waited

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        self.waited += 20
        return super().execute(sql, params)

    def batches(self, sql: str, rows: int) -> Iterator[Any]:
        self.windows += 1
        return super().batches(sql, rows)


@pytest.mark.slow
def test_window_holds_more_rows_where_statements_are_slow(tmp_path: Path, iterable: ReferenceServer) -> None:
    project = Project.make(tmp_path / "shop", iterable.url, META)
    project.sql("CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email FROM range(6000) t(i)")
    requests.post(f"{iterable.url}/api/lists", json={"name": "Seen"}, headers=KEY, timeout=10)
    warehouse = opened(Slow, project.folder)
    clock = Time(warehouse.monotonic, time.sleep, lambda: 0.5)
    found = run(warehouse, iterable.url, META, Settings(user_pause=0), clock)
    assert (found.status, found.counts.accepted) == (SyncStatus.SUCCESS, 6_000)
    assert warehouse.windows == 2


def windows_of(rows: int, per_second: float, statements: float) -> int:
    reach, windows = SendWindow(2_000, 50_000), 0
    while rows > 0:
        sent = min(rows, reach.rows)
        reach.learn(sent, sent / per_second, statements)
        rows, windows = rows - sent, windows + 1
    return windows


def test_million_events_need_few_windows_where_each_has_seconds_of_statements() -> None:
    assert windows_of(1_000_000, per_second=5_000, statements=3) < 25
    assert windows_of(1_000_000, per_second=5_000, statements=0.01) == 201


def test_reach_stays_between_what_an_operation_asks_for_and_the_setting() -> None:
    reach = SendWindow(2_000, 1_000)
    assert reach.rows == 1_000
    reach = SendWindow(2_000, 50_000)
    steps = (
        (0.5, 0, 0, 4_000),
        (9, 0, 0, 2_000),
        (1, 100, 0, 50_000),
        (0, 0, 0, 50_000),
        (10, 1.5, 0, 3_000),
        (1, 0, 1, 10_000),
    )
    for sending, statements, latency, rows in steps:
        reach.learn(2_000, sending, statements, latency)
        assert reach.rows == rows


def test_reach_grows_if_sending_has_to_wait_for_a_window() -> None:
    reach, sizes = SendWindow(2_000, 50_000), []
    for _ in range(8):
        reach.note_late()
        reach.learn(5_000, 1, 0)
        sizes.append(reach.rows)
    assert sizes[:2] == [7_500, 11_250]
    assert sizes[-1] == 40_000
