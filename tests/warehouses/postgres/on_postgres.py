"""The fixtures of every contract on PostgreSQL: one database, emptied before each test."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest

from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from tests.contracts.sync_harness import SyncHarness
from tests.contracts.warehouse import Typed
from tests.warehouses.postgres.postgres_server import Server
from tests.warehouses.postgres.postgres_types import MAKE, TYPES

LEFT_OVER = """
SELECT 'DROP SCHEMA ' || quote_ident(nspname) || ' CASCADE' FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL SELECT 'DROP ROLE ' || quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'owner'
"""


def connection(fields) -> Connection:
    return Connection("postgres", fields, Path(), "200MB", WaitPolicy(0, time.monotonic, lambda seconds: None))


def lacks(server: Server, value: str) -> str:
    """Why this PostgreSQL does not have a value; empty where it does."""
    newer = psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidParameterValue
    try:
        server.run(f"SELECT {value}")
    except (*newer, psycopg.errors.InvalidTextRepresentation) as error:
        return f"this PostgreSQL: {error.diag.message_primary}"
    return ""


def known(server: Server, value: str) -> None:
    """Skip a test of a value that this PostgreSQL does not have."""
    if reason := lacks(server, value):
        pytest.skip(reason)


class OnPostgres:
    """The fixtures of every contract, in a database that is emptied before each test."""

    @pytest.fixture
    def server(self, postgres):
        postgres.run(*(statement for (statement,) in postgres.run(LEFT_OVER)))
        postgres.run("CREATE SCHEMA public", "ALTER DATABASE shop RESET ALL")
        return postgres

    @pytest.fixture
    def reopen(self, server):
        opened = []

        def reopen(*, read_only: bool = False, **fields):
            opened.append(open_warehouse(connection(server.profile(**fields)), read_only=read_only))
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
    def typed(self, request, server) -> Typed:
        server.run(*MAKE)
        known(server, request.param.first)
        return request.param
