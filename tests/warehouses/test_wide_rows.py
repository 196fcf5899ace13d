"""Rows of any width up to what Iterable takes: planned, sent and committed in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.change import SyncStatus
from reverse_etl.errors import OUT_OF_MEMORY, WarehouseError
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB
from tests.reference_iterable import ReferenceServer, serve_reference
from tests.stories.project import Project
from tests.stories.running import opened, run
from tests.warehouses.duckdb.on_duckdb import OnDuckDB
from tests.warehouses.postgres.on_postgres import OnPostgres
from tests.warehouses.postgres.postgres_project import on_server

META = {"object": "users", "email": "email", "guards": {"changed": False, "column_drift": False}}
# The real figures, where a project of the stories has small ones.
REAL = {
    "REVERSE_ETL_LEASE_TTL": "120",
    "REVERSE_ETL_HEARTBEAT": "0",
    "REVERSE_ETL_PAUSE_BOUND": "30",
    "REVERSE_ETL_LATE_REQUEST_BOUND": "30",
    "REVERSE_ETL_HTTP_TIMEOUT": "30",
    "REVERSE_ETL_BATCH_ROWS": "1000",
    "REVERSE_ETL_WINDOW": "50000",
    "REVERSE_ETL_REQUESTS_PER_SECOND": "1000",
}
LONGEST = 30_000
# Rows and bytes of text in each.
SIZES = [(2_000, 10), (3_000, 10_000), (60, 300_000), (40, 1_500_000)]


@pytest.fixture
def iterable() -> Iterator[ReferenceServer]:
    with serve_reference() as reference:
        yield reference


def query(rows: int, width: int, letter: str, numbers: str) -> str:
    """Rows of about that width, all different; Iterable takes no text over 32,000 characters."""
    texts = max(1, width // LONGEST)
    text = f"'{letter}' || i || repeat('abcdefghij', {max(width // texts - 10, 0) // 10})"
    listed = ", ".join(f"{text} AS note{n}" for n in range(texts))
    return f"SELECT 'u' || i || '@shop.com' AS email, {listed} FROM {numbers} AS t(i) WHERE i < {rows}"


def assert_all_sent(project: Project, iterable: ReferenceServer, rows: int, letter: str) -> None:
    """A run in which every row is sent and taken."""
    ended = project.cli("run")
    assert ended.code == 0, ended.err
    assert project.counts("accepted", "failed", "aborted") == (rows, 0, 0)
    assert len(iterable.users) == rows
    assert all(str(user["note0"]).startswith(letter) for user in iterable.users.values())


class TestDuckDB:
    @pytest.mark.parametrize(("rows", "width"), SIZES)
    def test_wide_rows_are_sent_and_sent_again(self, tmp_path, iterable, rows, width):
        project = Project.make(tmp_path / "shop", iterable.url, META, REAL)
        for letter in "ab":
            project.sql(f"CREATE OR REPLACE TABLE people AS {query(rows, width, letter, f'range({rows})')}")
            assert_all_sent(project, iterable, rows, letter)


class TestPostgres(OnPostgres):
    @pytest.mark.parametrize(("rows", "width"), SIZES)
    def test_wide_rows_are_sent_and_sent_again(self, server, tmp_path, iterable, rows, width):
        numbers = f"generate_series(0, {rows})"
        create = f"CREATE TABLE main.people AS {query(rows, width, 'a', numbers)}"
        project = on_server(server, tmp_path / "shop", iterable.url, META, create)
        project.environment |= REAL
        assert_all_sent(project, iterable, rows, "a")
        project.sql(
            "UPDATE main.people SET " + ", ".join(f"note{n} = 'b' || note{n}" for n in range(max(1, width // LONGEST)))
        )
        assert_all_sent(project, iterable, rows, "b")


class Forgetful(DuckDB):
    """Has memory for no more than `most` rows of a plan at once; the windows that were asked for are noted."""

    asked: list[int]

    def batches(self, sql: str, rows: int) -> Iterator[Any]:
        start, end = (int(part.split()[0]) for part in sql.replace("ordinal >= ", "ordinal < ").split("ordinal < ")[1:])
        self.asked.append(end - start)
        if end - start > self.most:
            raise WarehouseError(OUT_OF_MEMORY, "too little memory", hint="Raise it.", context={})
        return super().batches(sql, rows)

    most = 200


@pytest.fixture
def shop(tmp_path: Path, iterable: ReferenceServer) -> Project:
    project = Project.make(tmp_path / "shop", iterable.url, META)
    project.sql(f"CREATE TABLE people AS {query(1_000, 30_000, 'a', 'range(1000)')}")
    return project


def test_window_that_memory_is_too_small_for_is_read_in_halves(shop, iterable):
    warehouse = opened(Forgetful, shop.folder)
    warehouse.asked = []
    found = run(warehouse, iterable.url, META, Settings(user_pause=0))
    assert (found.status, found.counts.accepted) == (SyncStatus.SUCCESS, 1_000)
    # Later windows are as short as what fitted.
    assert warehouse.asked[:4] == [1_000, 500, 250, 125]
    assert max(warehouse.asked[4:]) <= 200


def test_rows_that_could_not_be_read_are_not_sent_and_nothing_waits_for_them(shop, iterable):
    warehouse = opened(Forgetful, shop.folder)
    warehouse.asked, warehouse.most = [], 0
    found = run(warehouse, iterable.url, META, Settings(user_pause=0))
    assert (found.status, found.counts.failed, found.counts.aborted) == (SyncStatus.ERROR, 0, 1_000)
    assert found.problem is not None
    assert found.problem.code == OUT_OF_MEMORY
    warehouse.most = 1_000
    # Nothing is unknown, so that the next run need not wait for requests of this one.
    found = run(warehouse, iterable.url, META, Settings(user_pause=0))
    assert (found.status, found.counts.accepted) == (SyncStatus.SUCCESS, 1_000)


class TestMemory(OnDuckDB):
    def test_result_that_memory_is_too_small_for_is_named(self, reopen):
        warehouse = reopen()
        with pytest.raises(WarehouseError) as raised:
            list(warehouse.batches("SELECT repeat('x' || i, 100000) AS v FROM range(3000) r(i) ORDER BY v", 1))
        assert raised.value.code == OUT_OF_MEMORY
        assert "REVERSE_ETL_MEMORY_LIMIT" in raised.value.hint

    def test_memory_limit_is_that_of_reading_too(self, reopen):
        warehouse = reopen()
        [batch] = warehouse.batches("SELECT current_setting('memory_limit') AS v", 1)
        assert batch.column("v").to_pylist() == ["190.7 MiB"]
