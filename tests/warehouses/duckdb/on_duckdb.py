"""The fixtures of every contract on DuckDB: a file of its own for each test."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from tests.contracts.sync_harness import SyncHarness
from tests.contracts.warehouse import Typed
from tests.warehouses.duckdb.duckdb_types import TYPES

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def wait_up_to(seconds: float = 0) -> WaitPolicy:
    return WaitPolicy(seconds, time.monotonic, time.sleep)


class OnDuckDB:
    """The fixtures of every contract, on a file of its own."""

    @pytest.fixture
    def path(self, tmp_path) -> Path:
        path = tmp_path / "shop's.duckdb"
        duckdb.connect(str(path)).close()
        return path

    @pytest.fixture
    def reopen(self, path):
        opened = []

        def reopen(*, read_only: bool = False, wait: float = 0, **fields):
            connection = Connection("duckdb", {"path": path.name, **fields}, path.parent, "200MB", wait_up_to(wait))
            opened.append(open_warehouse(connection, read_only=read_only))
            return opened[-1]

        yield reopen
        for warehouse in opened:
            warehouse.close()

    @pytest.fixture
    def warehouse(self, reopen):
        return reopen()

    @pytest.fixture
    def harness(self, warehouse) -> SyncHarness:
        return SyncHarness(warehouse)

    @pytest.fixture(params=TYPES.values(), ids=TYPES)
    def typed(self, request) -> Typed:
        return request.param

    @pytest.fixture
    def held(self):
        """A function that lets another process hold a file, and ends it."""
        processes = []

        def hold(path: Path) -> subprocess.Popen:
            process = subprocess.Popen(
                [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            processes.append(process)
            assert process.stdout.readline() == "held\n"
            return process

        yield hold
        for process in processes:
            process.communicate()
