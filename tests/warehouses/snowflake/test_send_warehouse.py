"""A small virtual warehouse for sending: which statements run on it, and what is said if it cannot be used."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.base import WaitPolicy
from reverse_etl.warehouses.mark import Mark
from reverse_etl.warehouses.snowflake.profile import read_options

pytest.importorskip("snowflake.connector")

from snowflake.connector.errors import ProgrammingError

from reverse_etl.warehouses.snowflake import Snowflake

FIELDS = {"account": "a", "user": "u", "password": "p", "database": "shop"}
WAIT = WaitPolicy(0, time.monotonic, lambda _: None)


class Session:
    """A session that keeps its statements, without their marks, and knows three virtual warehouses."""

    sfqid, rowcount, errno = "q", 0, 0

    def __init__(self) -> None:
        self.told: list[str] = []

    def cursor(self) -> Session:
        return self

    def execute(self, sql: str, params: Any = ()) -> Session:
        self.told.append(sql.partition(" /*")[0])
        if "USE WAREHOUSE" in sql and not sql.endswith(('"LOADING"', '"small"', '"SENDING"')):
            raise ProgrammingError("Object does not exist, or operation cannot be performed.", errno=2043)
        return self

    def fetchall(self) -> list[tuple[str]]:
        return [("small",)]

    def close(self) -> None:
        """Nothing is open."""


def opened(monkeypatch: pytest.MonkeyPatch, send_warehouse: str, **fields: str) -> tuple[Snowflake, list[str]]:
    warehouse = Snowflake(
        read_options({**FIELDS, **fields}, Path.cwd()), WAIT, read_only=False, send_warehouse=send_warehouse
    )
    session = Session()
    monkeypatch.setattr(warehouse, "_connect", lambda: session)
    return warehouse, session.told


def go_through(warehouse: Snowflake) -> None:
    with warehouse.session(Mark("i", "users")):
        for step in ("look", "plan", "send", "send", "commit"):
            with warehouse.step(step):
                warehouse.query(step)


def test_windows_and_journal_run_on_the_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse, told = opened(monkeypatch, "sending", warehouse="loading")
    go_through(warehouse)
    small, main = 'USE WAREHOUSE "SENDING"', 'USE WAREHOUSE "LOADING"'
    assert told == [small, main, "look", "plan", small, "send", "send", main, "commit"]


def test_lease_is_renewed_on_the_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse, told = opened(monkeypatch, "sending", warehouse="loading")
    with warehouse.session(Mark("i", "users", "heartbeat")):
        warehouse.query("beat")
    assert told[-2:] == ['USE WAREHOUSE "SENDING"', "beat"]


def test_warehouse_of_the_user_is_returned_to(monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse, told = opened(monkeypatch, "sending")
    go_through(warehouse)
    assert told[:3] == ["SELECT CURRENT_WAREHOUSE()", 'USE WAREHOUSE "SENDING"', 'USE WAREHOUSE "small"']
    assert told[-2:] == ['USE WAREHOUSE "small"', "commit"]


def test_without_the_setting_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse, told = opened(monkeypatch, "", warehouse="loading")
    go_through(warehouse)
    assert told == ["look", "plan", "send", "send", "commit"]


def test_new_session_begins_with_the_main_one(monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse, told = opened(monkeypatch, "sending", warehouse="loading")
    go_through(warehouse)
    warehouse.close()
    told.clear()
    with warehouse.session(Mark("i", "users", "send")):
        warehouse.query("send")
    assert told == [*(f'USE WAREHOUSE "{name}"' for name in ("SENDING", "LOADING", "SENDING")), "send"]


def test_one_that_cannot_be_used_is_said_before_anything_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse, told = opened(monkeypatch, "nowhere", warehouse="loading")
    for _ in range(2):
        with pytest.raises(WarehouseError, match="send_warehouse") as raised:
            go_through(warehouse)
        assert raised.value.code == "no-virtual-warehouse"
        assert 'GRANT USAGE ON WAREHOUSE "NOWHERE"' in raised.value.hint
    assert "look" not in told
