"""`state: local`: the sync snapshot in a DuckDB file, for a warehouse that is only read."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests

from reverse_etl.errors import WarehouseError
from reverse_etl.sandbox import SandboxOptions, start_sandbox
from reverse_etl.snapshot.tables import slug
from reverse_etl.warehouses.duckdb import DuckDB
from tests.cli.conftest import META, Shop

LOCAL = {"REVERSE_ETL_STATE": "local"}
SLUG = slug("people")


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
        if sql.startswith("INSERT INTO") and "snapshot__people" in sql:
            raise Killed
        return execute(self, sql, params)

    monkeypatch.setattr("reverse_etl.project.run_environment.is_alive", lambda _note: False)
    short = {"LEASE_TTL": "1", "PAUSE_BOUND": "0.3", "LATE_REQUEST_BOUND": "0.3", "HTTP_TIMEOUT": "0.3"}
    env = {f"REVERSE_ETL_{name}": seconds for name, seconds in short.items()}
    monkeypatch.setattr(DuckDB, "execute", dying)
    with pytest.raises(Killed):
        local.cli("run", **env)
    monkeypatch.setattr(DuckDB, "execute", execute)
    ended = local.cli("run", **env)
    assert (ended.code, "which crashed" in ended.err) == (0, True)
    assert counts(local) == {"unchanged": 3}
    assert len(users(sandbox)) == 3


@pytest.mark.parametrize(
    "words",
    [("status",), ("history",), ("rejected",), ("requeue",), ("destination", "accept"), ("validate", "--online")],
    ids=" ".join,
)
@pytest.mark.slow
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
    assert local.cli("run", REVERSE_ETL_STATE_PATH="stored_state/state.duckdb").code == 1
    (local.folder / "stored_state").mkdir()
    assert local.cli("run", REVERSE_ETL_STATE_PATH="stored_state/state.duckdb").code == 0
    assert (local.folder / "stored_state" / "state.duckdb").is_file()
    assert not state_file(local).exists()
    local.cli("run")
    assert state_file(local).parent == local.folder


def test_without_duckdb_the_error_names_the_extra(local: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "reverse_etl.warehouses.local.warehouse.find_spec", lambda name: None if name == "duckdb" else find_spec(name)
    )
    ended = local.cli("run")
    assert (ended.code, "error[missing-extra]" in ended.err, "reverse-etl[duckdb]" in ended.err) == (2, True, True)


def migrate(shop: Shop, to: str, *words: str) -> Any:
    return shop.cli("state", "migrate", "--to", to, *words)


def refuse_statement(*_: object) -> None:
    raise WarehouseError("no-space-left", "the disk is full", context={}, hint="None.")


@pytest.fixture
def stored_state(shop: Shop) -> Shop:
    """A shop whose state is in the warehouse, after its first run."""
    shop.model("people", {**META, "on_removed": "delete"})
    assert shop.cli("run").code == 0
    return shop


@pytest.mark.slow
def test_after_moving_there_and_back_nothing_is_sent(stored_state: Shop, sandbox: Any) -> None:
    before = stored_state.sql("select run_fence, salt, destination from reverse_etl.lease__" + SLUG)
    ended = migrate(stored_state, "local")
    assert (ended.code, "3 entries of the sync snapshot and 1 run moved" in ended.out) == (0, True), ended.err
    assert "set `state: local`" in ended.err
    assert stored_state.cli("run", **LOCAL).code == 0
    assert counts(stored_state) == {"unchanged": 3}
    assert len(stored_state.cli("history", "--output", "json", **LOCAL).json["runs"]) == 2
    stored_state.sql("update people set age = 37 where first_name = 'Ada'")
    assert stored_state.cli("run", **LOCAL).code == 0
    assert counts(stored_state) == {"changed": 1, "unchanged": 2, "planned": 1, "accepted": 1}
    ended = migrate(stored_state, "warehouse")
    assert ended.code == 0, ended.err
    assert stored_state.cli("run").code == 0
    assert counts(stored_state) == {"unchanged": 3}
    assert stored_state.sql("select run_fence, salt, destination from reverse_etl.lease__" + SLUG) == before
    assert stored_state.sql("select state, count(*) from reverse_etl.snapshot__" + SLUG + " group by 1") == [
        ("accepted", 3)
    ]


def test_the_state_of_a_sandbox_moves_by_itself(stored_state: Shop) -> None:
    assert stored_state.cli("run", "--sandbox").code == 0
    ended = migrate(stored_state, "local", "--sandbox")
    assert (ended.code, "3 entries of the sync snapshot and 1 run moved" in ended.out) == (0, True), ended.err
    [plan] = stored_state.cli("plan", "--sandbox", "--output", "json", **LOCAL).json["plans"]
    assert (plan["unchanged"], plan["added"]) == (3, 0)
    assert stored_state.cli("run").code == 0
    assert counts(stored_state) == {"unchanged": 3}


def test_moving_sends_nothing(stored_state: Shop, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.Session.send", lambda *_args, **_more: pytest.fail("something was sent"))
    assert migrate(stored_state, "local").code == 0
    assert migrate(stored_state, "warehouse").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("words", [("run",), ("plan",), ("requeue",), ("destination", "accept")], ids=" ".join)
def test_the_place_that_the_state_left_is_not_used(stored_state: Shop, words: tuple[str, ...]) -> None:
    migrate(stored_state, "local")
    ended = stored_state.cli(*words)
    assert ended.code != 0
    assert "error[state-moved]" in ended.err
    assert str(state_file(stored_state)) in ended.err
    assert str(state_file(stored_state)) in stored_state.cli("status").out
    assert stored_state.cli(*words, **LOCAL).code == 0


def test_what_is_there_is_replaced_only_when_told(stored_state: Shop) -> None:
    stored_state.sql("delete from people where first_name = 'Bob'")
    stored_state.cli("run", **LOCAL)
    ended = migrate(stored_state, "local")
    assert (ended.code, "error[state-exists]" in ended.err) == (2, True)
    assert migrate(stored_state, "local", "--overwrite").code == 0
    [plan] = stored_state.cli("plan", "--output", "json", **LOCAL).json["plans"]
    assert (plan["accepted_before"], plan["removed"], plan["added"]) == (3, 1, 0)


def test_moving_again_or_with_nothing_to_move_does_nothing(stored_state: Shop) -> None:
    assert "nothing to move" in migrate(stored_state, "warehouse").out
    migrate(stored_state, "local")
    again = migrate(stored_state, "local")
    assert (again.code, "nothing to move" in again.out) == (0, True)
    assert stored_state.cli("plan", **LOCAL).code == 0


def test_an_open_run_is_not_moved(stored_state: Shop) -> None:
    stored_state.sql(f"update reverse_etl.lease__{SLUG} set run_fence = fence, credit = 0, acked = '[]'")
    ended = migrate(stored_state, "local")
    assert (ended.code, "error[run-open]" in ended.err) == (2, True)
    assert "state-moved" not in stored_state.cli("run").err


def test_a_live_run_is_not_moved(stored_state: Shop) -> None:
    note = f'{{"pid": {os.getpid()}, "host": "{socket.gethostname()}"}}'
    lease = f"holder = 'x', holder_note = '{note}', beat_at = now(), expires_at = now() + interval 1 hour"
    stored_state.sql(f"update reverse_etl.lease__{SLUG} set {lease}")
    ended = migrate(stored_state, "local")
    assert "error[lease-held]" in ended.err
    stored_state.sql(f"update reverse_etl.lease__{SLUG} set holder = null, holder_note = null")
    assert migrate(stored_state, "local").code == 0


def test_a_move_that_broke_off_leaves_the_state_where_it_was(
    stored_state: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reverse_etl.run.maintenance.migrate_state._sends_the_same", lambda *_: False)
    ended = migrate(stored_state, "local")
    assert "error[move-differs]" in ended.err
    assert "error[state-moved]" in stored_state.cli("run", **LOCAL).err
    monkeypatch.undo()
    assert stored_state.cli("run").code == 0
    assert counts(stored_state) == {"unchanged": 3}
    assert migrate(stored_state, "local").code == 0


def test_a_reset_that_fails_does_not_block_the_next_run(stored_state: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverse_etl.snapshot.snapshot_store.SnapshotStore.clear", refuse_statement)
    assert "error[no-space-left]" in stored_state.cli("state", "reset", "--select", "people").err
    monkeypatch.undo()
    stored_state.sql("update people set age = 37 where first_name = 'Ada'")
    assert stored_state.cli("run", "--wait", "0").code == 0
    assert counts(stored_state) == {"changed": 1, "unchanged": 2, "planned": 1, "accepted": 1}


def test_a_value_that_does_not_cross_is_sent_again(stored_state: Shop) -> None:
    migrate(stored_state, "local")
    value = "v_age_" + hashlib.sha256(b"age").hexdigest()[:8]
    with duckdb.connect(str(state_file(stored_state))) as file:
        file.execute(f"update reverse_etl.snapshot__{SLUG} set {value} = 99999999999 where identity like 'bob%'")
    stored_state.sql("update people set age = null where first_name = 'Bob'")
    ended = migrate(stored_state, "warehouse")
    assert "1 row will be sent again" in ended.out, ended.err
    states = stored_state.sql(f"select identity, state from reverse_etl.snapshot__{SLUG} order by 1")
    assert [state for _, state in states] == ["accepted", "unknown", "accepted"]
    assert stored_state.cli("run").code == 0
    assert counts(stored_state)["resent"] == 1


def test_refusals_move_too(shop: Shop, sandbox: Any) -> None:
    shop.model("people")
    requests.post(
        sandbox.url + "/api/users/forget",
        json={"email": "bob@example.com"},
        headers={"Api-Key": "sandbox-key"},
        timeout=10,
    ).raise_for_status()
    shop.cli("run")
    assert "1 refusal" in migrate(shop, "local").out
    [held] = shop.cli("rejected", "--output", "json", **LOCAL).json["rejected"]
    assert held["code"] == "forgotten-user"
    shop.cli("run", **LOCAL)
    assert counts(shop) == {"unchanged": 2, "quarantined": 1}


@pytest.fixture
def by_user_id() -> Iterator[dict[str, str]]:
    """A project of user ids, as the environment names it."""
    with start_sandbox(SandboxOptions(port=0, rate_limit=False, project_type="user_id")) as running:
        yield {"ITERABLE_PROJECT_TYPE": "user_id", "ITERABLE_BASE_URL": running.url}


def test_numbers_and_several_columns_are_the_same_key_in_both_places(shop: Shop, by_user_id: dict[str, str]) -> None:
    shop.model("people", {"object": "users", "user_id": "age", "primary_key": ["age", "joined"]})
    shop.sql("update people set joined = date '2024-02-01' where joined is null")
    assert shop.cli("run", **by_user_id, **LOCAL).code == 0
    assert counts(shop) == {"added": 3, "planned": 3, "accepted": 3}
    ended = shop.cli("state", "migrate", "--to", "warehouse", **by_user_id)
    assert ended.code == 0, ended.err
    assert shop.cli("run", **by_user_id).code == 0
    assert counts(shop) == {"unchanged": 3}


def test_rows_that_left_are_not_counted_again_at_another_place(shop: Shop) -> None:
    shop.model("people")
    shop.cli("run")
    shop.sql("delete from people where first_name = 'Bob'")
    shop.cli("run")
    assert shop.results["results"][0]["counts"]["removed"] == 1
    assert migrate(shop, "local").code == 0
    [plan] = shop.cli("plan", "--output", "json", **LOCAL).json["plans"]
    assert (plan["removed"], plan["unchanged"], plan["accepted_before"]) == (0, 2, 3)
