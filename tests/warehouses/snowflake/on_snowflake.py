"""The fixtures of every contract on Snowflake's real connector: against a local server, or an account of one's own."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from tests.contracts.sync_harness import MODEL_SCHEMA, STATE_SCHEMA, SyncHarness
from tests.contracts.warehouse import ODD_SCHEMA, SCHEMA, Typed
from tests.emulators.environment import FOLDER, NotBuilt, python_of
from tests.warehouses.snowflake.snowflake_types import MORE_TYPES, TYPES

SERVER = str(FOLDER / "snowflake_server.py")
PREFIX = "REVERSE_ETL_TEST_SNOWFLAKE_"
ACCOUNT = {name.removeprefix(PREFIX).lower(): text for name, text in os.environ.items() if name.startswith(PREFIX)}
_numbers = itertools.count(1)

_ONE_TYPE = "the emulator has one type, VARIANT, for objects and arrays"
_WIDE = "the emulator's hash is DuckDB's, which takes some numbers of 128 bits for the same"
# Tests that the emulator cannot pass, and why; each of them fails, and runs on an account.
EMULATOR_LACKS: Mapping[str, str] = {
    "test_type_is_known_by_its_kind[object]": _ONE_TYPE,
    "test_type_is_known_by_its_kind[array]": _ONE_TYPE,
    "test_row_hash_tells_values_apart[wide decimal]": _WIDE,
    "test_type_round_trip[wide decimal]": _WIDE,
    "test_create_schema_twice_is_harmless": "the emulator cannot enter a schema with a quote in its name",
}


def emulator_python() -> str:
    """The interpreter of the emulator's environment, or a skipped test."""
    try:
        return str(python_of("fakesnow"))
    except NotBuilt as error:
        return pytest.skip(f"the emulator of Snowflake could not be built: {error}")


def local(port: int, **fields):
    """A profile that leads to the emulator, to a database of its own."""
    place = {"account": "local", "host": "127.0.0.1", "port": port, "protocol": "http"}
    signing = {"user": "me", "password": "hush-hush"}
    return {"type": "snowflake", **signing, "database": f"test_{next(_numbers)}", "schema": "public", **place} | fields


def emptied() -> None:
    """Drop what the tests make in the account, if there is one."""
    if ACCOUNT:
        wait = WaitPolicy(0, time.monotonic, time.sleep)
        account = open_warehouse(Connection("snowflake", ACCOUNT, Path.cwd(), "200MB", wait))
        for schema in (SCHEMA, ODD_SCHEMA, MODEL_SCHEMA, STATE_SCHEMA):
            place = account.table(schema, "x").rpartition(".")[0]
            account.execute(f"DROP SCHEMA IF EXISTS {place} CASCADE")
        account.close()


class OnSnowflake:
    """What both have in common."""

    SERIES = "SELECT ROW_NUMBER() OVER (ORDER BY SEQ4()) - 1 AS i FROM TABLE(GENERATOR(ROWCOUNT => 10000))"
    empty_array = "ARRAY_CONSTRUCT()"
    told = ("bytes_processed", "credits")

    @pytest.fixture
    def reopen(self, profile, tmp_path):
        opened = []

        def reopen(*, read_only: bool = False, **more):
            wait = WaitPolicy(0, time.monotonic, lambda _: None)
            connection = Connection("snowflake", profile | more, tmp_path, "200MB", wait)
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


class OnEmulator(OnSnowflake):
    """On the local server."""

    @pytest.fixture
    def profile(self, snowflake_port):
        return local(snowflake_port)

    @pytest.fixture(params=TYPES.values(), ids=TYPES)
    def typed(self, request) -> Typed:
        return request.param

    @pytest.fixture(autouse=True)
    def lacking(self, request):
        if reason := EMULATOR_LACKS.get(request.node.name):
            request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))


class OnAccount(OnSnowflake):
    """On the account that the environment names, in a database whose schemas the tests drop and make."""

    @pytest.fixture
    def profile(self):
        if not ACCOUNT:
            pytest.skip(f"no account: {PREFIX}ACCOUNT and the like are not set")
        emptied()
        return {**ACCOUNT}

    @pytest.fixture(params=[*TYPES.values(), *MORE_TYPES.values()], ids=[*TYPES, *MORE_TYPES])
    def typed(self, request) -> Typed:
        return request.param
