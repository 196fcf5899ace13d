"""What the contracts need of BigQuery: a local server, or an account of one's own, and words for its tables."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from reverse_etl.warehouses.bigquery import BigQuery
from tests.contracts.sync_harness import MODEL_SCHEMA, STATE_SCHEMA, SyncHarness
from tests.contracts.warehouse import SCHEMA
from tests.emulators.environment import FOLDER, python_of
from tests.emulators.processes import served
from tests.warehouses.bigquery.bigquery_types import TYPES

# Fields of a profile for tests on BigQuery itself: REVERSE_ETL_TEST_BIGQUERY_PROJECT, …_METHOD, …_KEYFILE, …_LOCATION.
# The datasets of the contracts in that project are dropped before and after each test.
LIVE = "REVERSE_ETL_TEST_BIGQUERY_"
ACCOUNT = {name[len(LIVE) :].lower(): value for name, value in os.environ.items() if name.startswith(LIVE)}
LOCAL = "project" not in ACCOUNT


@contextlib.contextmanager
def started() -> Iterator[dict[str, str]]:
    """A server of its own, as fields of a profile. Raises NotBuilt."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        storage = probe.getsockname()[1]
    with served([str(python_of("bqemulator")), str(FOLDER / "bigquery_server.py"), str(storage)]) as (port, _):
        yield {
            "method": "oauth-secrets",
            "token": "not-a-secret",
            "api_endpoint": f"http://127.0.0.1:{port}",
            "storage_api_endpoint": f"http://127.0.0.1:{storage}",
        }


@functools.lru_cache(1)
def client_of(fields: frozenset[tuple[str, str]]) -> Any:
    """Google's client itself, signed in as the tests' warehouses are."""
    waiting = WaitPolicy(60, time.monotonic, time.sleep)
    return open_warehouse(Connection("bigquery", dict(fields), Path.cwd(), "200MB", waiting))._client()


def emptied(fields: Mapping[str, str]) -> None:
    """Drop what the contracts make. The datasets' names are the same again: a statement is then known by its text."""
    for schema in (SCHEMA, MODEL_SCHEMA, STATE_SCHEMA):
        client = client_of(frozenset(fields.items()))
        client.delete_dataset(schema, delete_contents=True, not_found_ok=True)


class Builder:
    """Makes and edits tables by statements that are written for all warehouses."""

    _WORDS: Mapping[str, str] = {
        r"\bVARCHAR\b": "STRING",
        r"\bDOUBLE PRECISION\b": "FLOAT64",
        r"\bTIMESTAMP '": "DATETIME '",
        r"(?<=[^(, ])''(?=[^),])": r"\\'",
    }
    _RETYPE = re.compile(r"ALTER TABLE (\S+) ALTER COLUMN (\w+) TYPE (.*?)(?: USING (.*))?", re.DOTALL)

    def __init__(self, warehouse: BigQuery) -> None:
        self._warehouse = warehouse
        self.dialect = warehouse.dialect
        self.create_schema = warehouse.create_schema

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        values = map(self._value, params)
        filled = re.sub(r"\?", lambda _: next(values), sql) if params else self._spelled(sql)
        return self._warehouse.execute(filled)

    def _value(self, value: object) -> str:
        return "NULL" if value is None else self.dialect.literal(value) if isinstance(value, str) else str(value)

    def _spelled(self, sql: str) -> str:
        for word, own in self._WORDS.items():
            sql = re.sub(word, own, sql)
        if retyped := self._RETYPE.fullmatch(sql):
            table, column, kind, using = retyped.groups()
            value = f"CAST({using or column} AS {kind.partition('(')[0]})"
            return f"CREATE OR REPLACE TABLE {table} AS SELECT * REPLACE ({value} AS {column}) FROM {table}"
        whole = sql.startswith(("UPDATE", "DELETE")) and " WHERE " not in sql
        return f"{sql} WHERE TRUE" if whole else sql


class OnBigQuery:
    """The fixtures of every contract, in a project of its own on the local server, or in an account's emptied one."""

    # What columns there are is no statement.
    quiet = 4
    told = ("bytes_processed",) if LOCAL else ("bytes_processed", "bytes_billed")

    @pytest.fixture
    def profile(self, bigquery) -> Iterator[dict[str, str]]:
        fields = {**bigquery, "project": "shop"} if LOCAL else ACCOUNT
        emptied(fields)
        yield {**fields}
        if not LOCAL:
            emptied(fields)

    @pytest.fixture
    def reopen(self, profile, tmp_path):
        opened = []

        def reopen(*, read_only: bool = False, **more):
            wait = WaitPolicy(5, time.monotonic, time.sleep)
            connection = Connection("bigquery", {**profile, **more}, tmp_path, "200MB", wait)
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
        return SyncHarness(warehouse, builder=Builder(warehouse))

    @pytest.fixture(params=TYPES.values(), ids=TYPES)
    def typed(self, request):
        return request.param
