"""`state: local`: the sync snapshot in a DuckDB file, beside a warehouse that is only read."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import requests

from reverse_etl.warehouses.duckdb import DuckDB

from .conftest import META, Shop

LOCAL = {"REVERSE_ETL_STATE": "local"}


class Killed(BaseException):
    """What stands for kill -9: nothing in the code under test catches it."""


def counts(shop: Shop) -> dict[str, int]:
    return {name: n for name, n in shop.results["results"][0]["counts"].items() if n}


def state_file(shop: Shop) -> Path:
    return shop.folder / "reverse_etl_state.duckdb"


def users(sandbox: Any) -> dict[str, dict[str, Any]]:
    found = {}
    for email in ("ada@example.com", "bob@example.com", "cyd@example.com"):
        reply = requests.get(
            sandbox.url + "/api/users/getByEmail",
            params={"email": email},
            headers={"Api-Key": "sandbox-key"},
            timeout=10,
        )
        if "user" in reply.json():
            found[email] = reply.json()["user"]["dataFields"]
    return found


@pytest.fixture
def local(shop: Shop) -> Shop:
    """A shop with one model whose removed rows are deleted, and its state in a file."""
    shop.model("people", {**META, "on_removed": "delete"})
    (shop.folder / "reverse_etl.yml").write_text("state: local\n")
    return shop


def test_only_the_file_is_written_through_first_run_no_change_change_and_removal(local: Shop, sandbox: Any) -> None:
    model = (local.folder / "shop.duckdb").read_bytes()
    assert local.cli("run").code == 0
    assert counts(local) == {"added": 3, "planned": 3, "accepted": 3}
    assert users(sandbox)["ada@example.com"]["age"] == 36
    assert local.cli("run").code == 0
    assert counts(local) == {"unchanged": 3}
    assert (local.folder / "shop.duckdb").read_bytes() == model

    local.sql("update people set age = 37 where first_name = 'Ada'", "delete from people where first_name = 'Bob'")
    model = (local.folder / "shop.duckdb").read_bytes()
    assert local.cli("run", "--allow", "removed").code == 0
    assert counts(local) == {"changed": 1, "removed": 1, "unchanged": 1, "planned": 2, "accepted": 2}
    assert {email: user["age"] for email, user in users(sandbox).items()} == {
        "ada@example.com": 37,
        "cyd@example.com": 19,
    }
    assert (local.folder / "shop.duckdb").read_bytes() == model


def test_a_plan_writes_neither_file(local: Shop) -> None:
    plan = local.cli("plan", "--output", "json").json["plans"][0]
    assert (plan["added"], state_file(local).exists()) == (3, False)
    local.cli("run")
    local.sql("update people set age = 37 where first_name = 'Ada'")
    before = [path.read_bytes() for path in (state_file(local), local.folder / "shop.duckdb")]
    plan = local.cli("plan", "--output", "json").json["plans"][0]
    assert (plan["changed"], plan["changed_fields"]) == (1, {"age": 1})
    assert [path.read_bytes() for path in (state_file(local), local.folder / "shop.duckdb")] == before


def test_a_run_that_was_killed_is_taken_up(local: Shop, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    execute = DuckDB.execute

    def dying(self: DuckDB, sql: str, params: Any = ()) -> int:
        if sql.startswith("MERGE"):
            raise Killed
        return execute(self, sql, params)

    monkeypatch.setattr("reverse_etl.assemble.is_alive", lambda _note: False)
    short = {"LEASE_TTL": "1", "PAUSE_BOUND": "0.3", "LATE_REQUEST_BOUND": "0.3", "HTTP_TIMEOUT": "0.3"}
    env = {f"REVERSE_ETL_{name}": seconds for name, seconds in short.items()}
    monkeypatch.setattr(DuckDB, "execute", dying)
    with pytest.raises(Killed):
        local.cli("run", **env)
    monkeypatch.setattr(DuckDB, "execute", execute)
    ended = local.cli("run", **env)
    assert (ended.code, "had died" in ended.err) == (0, True)
    assert counts(local) == {"unchanged": 3}
    assert len(users(sandbox)) == 3


@pytest.mark.parametrize(
    "words",
    [("status",), ("history",), ("rejected",), ("requeue",), ("destination", "accept"), ("validate", "--online")],
    ids=" ".join,
)
def test_the_other_commands_work_on_the_file(local: Shop, words: tuple[str, ...]) -> None:
    local.cli("run")
    model = (local.folder / "shop.duckdb").read_bytes()
    ended = local.cli(*words)
    assert ended.code == 0
    if words in (("status",), ("history",)):
        assert "3" in ended.out
        assert "success" in ended.out
    assert (local.folder / "shop.duckdb").read_bytes() == model


def test_a_sandbox_has_a_state_of_its_own_in_the_file(local: Shop) -> None:
    local.cli("run")
    assert local.cli("run", "--sandbox").code == 0
    assert counts(local) == {"added": 3, "planned": 3, "accepted": 3}
    assert local.cli("run", "--sandbox").code == 0
    assert counts(local) == {"unchanged": 3}


def test_columns_with_odd_names_are_read(shop: Shop, sandbox: Any) -> None:
    fields = {"one": 'a "b"', "two": "select", "three": "Ünï"}
    shop.model("people", {"object": "users", "email": "e mail", "fields": fields})
    columns = '\'ada@example.com\' as "e mail", 1 as "a ""b""", 2 as "select", 3 as "Ünï"'
    shop.sql(f"create or replace table people as select {columns}")
    assert shop.cli("run", **LOCAL).code == 0
    assert {name: users(sandbox)["ada@example.com"][name] for name in fields} == {"one": 1, "two": 2, "three": 3}


def test_hidden_columns_never_leave_the_warehouse(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.model(
        "people", {"object": "users", "email": "email"}, {"age": {"name": "age", "meta": {"reverse_etl": False}}}
    )
    asked: list[str] = []
    batches = DuckDB.batches

    def noting(self: DuckDB, sql: str, rows: int) -> Any:
        asked.append(sql)
        return batches(self, sql, rows)

    monkeypatch.setattr(DuckDB, "batches", noting)
    assert shop.cli("run", **LOCAL).code == 0
    reads = [sql for sql in asked if '"shop"."main"."people"' in sql]
    assert len(reads) == 1
    assert "first_name" in reads[0]
    assert "age" not in reads[0]


def test_the_path_can_be_set_and_dbt_clean_does_not_take_the_default(local: Shop) -> None:
    assert local.cli("run", REVERSE_ETL_STATE_PATH="kept/state.duckdb").code == 1
    (local.folder / "kept").mkdir()
    assert local.cli("run", REVERSE_ETL_STATE_PATH="kept/state.duckdb").code == 0
    assert (local.folder / "kept" / "state.duckdb").is_file()
    assert not state_file(local).exists()
    local.cli("run")
    assert state_file(local).parent == local.folder


def test_without_duckdb_the_error_names_the_extra(local: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "reverse_etl.warehouses.local.state.find_spec", lambda name: None if name == "duckdb" else find_spec(name)
    )
    ended = local.cli("run")
    assert (ended.code, "error[missing-extra]" in ended.err, "reverse-etl[duckdb]" in ended.err) == (2, True, True)
