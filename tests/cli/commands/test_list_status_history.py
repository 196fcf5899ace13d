"""Commands that look: `list`, `status`, `history`, `schema`."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from tests.cli.conftest import META, Shop


def test_list_in_three_forms(people: Shop) -> None:
    people.model("friends", {**META, "name": "pals", "fields": ["age"]})
    assert people.cli("list", "--output", "name").out.split() == ["pals", "people"]
    header, pals, _ = people.cli("list").out.splitlines()
    assert header.split() == [
        "sync",
        "model",
        "object",
        "mode",
        "destination",
        "target",
        "database",
        "relation",
        "fields",
    ]
    where = ["dev", "shop", '"shop"."main"."friends"']
    assert pals.split() == ["pals", "friends", "users", "upsert", "iterable", *where, "age"]
    [_, listed] = people.cli("list", "--output", "json").json["syncs"]
    assert listed["fields"] == {"firstName": "first_name", "age": "age", "joined": "joined", "source": None}


def test_list_needs_neither_warehouse_nor_key(people: Shop) -> None:
    (people.folder / "shop.duckdb").unlink()
    assert people.cli("list", "--output", "name", ITERABLE_API_KEY="").out == "people\n"


def test_status_before_and_after_a_run(people: Shop) -> None:
    assert "sync people: never run" in people.cli("status").out
    people.sql("update people set email = 'nothing' where first_name = 'Bob'")
    people.cli("run")
    text = people.cli("status", ITERABLE_API_KEY="").out
    assert "warn, ended" in text
    assert "2 entries" in text
    assert "1 invalid bad-email" in text
    assert "lease       free" in text
    [state] = people.cli("status", "--output", "json").json["syncs"]
    assert (state["entries"], state["last_run"]["counts"]["accepted"]) == (2, 2)
    assert people.url.endswith(state["destination"])


def test_status_counts_a_removed_row_once(people: Shop) -> None:
    people.model("people", {**META, "on_removed": "delete"})
    people.cli("run")
    people.sql("delete from people where first_name = 'Bob'")
    people.cli("run", "--allow", "removed")
    assert "  counts      1 removed, 2 unchanged, 1 accepted, 1 planned\n" in people.cli("status").out


def test_history_lists_runs_newest_first(people: Shop) -> None:
    assert "no sync has run yet" in people.cli("history").err
    people.cli("run")
    people.sql("update people set age = 1")
    people.cli("run")
    runs = people.cli("history", "--output", "json").json["runs"]
    assert [run["counts"]["changed"] for run in runs] == [3, 0]
    assert len(people.cli("history", "--limit", "1").out.splitlines()) == 2


def test_history_says_what_was_allowed_and_by_whom(people: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "anna")
    people.cli("run")
    # A table of an earlier version has none of these columns.
    for name in ("user_name", "host", "allowed", "overrode"):
        people.sql(f"alter table reverse_etl.sync_runs drop column {name}")
    assert people.cli("history", "--output", "json").json["runs"][0]["allowed"] == []
    people.sql("delete from people")
    assert people.cli("run").code == 1
    people.cli("run", "--allow", "empty_model", "--allow", "removed", "--allow", "build")
    last, stopped, first = people.cli("history", "--output", "json").json["runs"]
    assert (last["allowed"], last["overrode"]) == (["build", "empty_model", "removed"], ["empty_model"])
    assert (last["user"], last["host"]) == ("anna", socket.gethostname())
    assert (stopped["allowed"], stopped["user"], first["user"]) == ([], "anna", None)
    assert f"build, empty_model (overridden), removed  anna@{socket.gethostname()}" in people.cli("history").out
    assert f"build, empty_model (overridden), removed by anna@{socket.gethostname()}" in people.cli("status").out


def test_the_history_knows_what_a_crashed_run_was_allowed(people: Shop) -> None:
    people.cli("run")
    note = {"user": "anna", "host": "elsewhere", "invocation_id": "c1", "allowed": ["removed"]}
    [(lease,)] = people.sql("select table_name from information_schema.tables where table_name like 'lease%'")
    people.sql(
        f"update reverse_etl.{lease} set holder = 'x', holder_note = '{json.dumps(note)}', run_fence = fence,"
        " expires_at = now()::timestamp - interval 1 day, quiet_at = beat_at"
    )
    assert people.cli("run").code == 0
    crashed = [run for run in people.cli("history", "--output", "json").json["runs"] if run["status"] == "crashed"]
    assert [(run["invocation_id"], run["user"], run["host"], run["allowed"]) for run in crashed] == [
        ("c1", "anna", "elsewhere", ["removed"])
    ]


def test_status_tells_a_dead_runs_lease(people: Shop) -> None:
    people.cli("run")
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    note = json.dumps({"host": socket.gethostname(), "pid": gone.pid})
    [(lease,)] = people.sql("select table_name from information_schema.tables where table_name like 'lease%'")
    for ends, words in (("+", "; the next run takes it over in "), ("-", "; the next run takes it over\n")):
        people.sql(
            f"update reverse_etl.{lease} set holder = 'x', holder_note = '{note}', beat_at = now()::timestamp,"
            f" expires_at = now()::timestamp {ends} interval 1 day"
        )
        told = people.cli("status").out
        assert f"left by process {gone.pid} on {socket.gethostname()}, which crashed{words}" in told


def test_schema_is_json(shop: Shop) -> None:
    assert shop.cli("schema").json["title"] == "reverse_etl"


def test_missing_things_are_told_with_code_two_and_no_traceback(people: Shop) -> None:
    cases = {
        "unknown-guard": ["--allow", "nothing"],
        "missing-profile": ["--profile", "nothing"],
        "missing-target": ["--target", "nothing"],
        "missing-manifest": ["--target-path", "elsewhere"],
        "missing-profiles-file": ["--profiles-dir", "elsewhere"],
    }
    for code, words in cases.items():
        ended = people.cli("run", *words)
        assert (code, ended.code) == (code, 2)
        assert f"error[{code}]" in ended.err
        assert "hint: " in ended.err
        assert "Traceback" not in ended.err


def test_usage_errors_end_with_two(people: Shop) -> None:
    assert people.cli("run", "--no-such-flag").code == 2
