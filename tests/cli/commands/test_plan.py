"""`plan`: what it shows, what it masks, and that it writes nothing."""

from __future__ import annotations

from typing import Any

from tests.cli.conftest import META, Shop


def test_before_the_first_run_everything_is_added(people: Shop, sandbox: Any) -> None:
    ended = people.cli("plan")
    assert ended.code == 0
    assert "3 added, 0 changed" in ended.out
    assert "at least 1" in ended.out
    assert {entry.method for entry in sandbox.project.requests} == {"GET"}


def test_writes_nothing(people: Shop) -> None:
    people.cli("run")
    people.sql("update people set age = 42 where first_name = 'Bob'", "checkpoint")
    before = {path: path.read_bytes() for path in people.folder.rglob("*") if path.is_file()}
    people.cli("plan")
    assert {path: path.read_bytes() for path in people.folder.rglob("*") if path.is_file()} == before


def test_changed_fields_with_masked_examples(people: Shop) -> None:
    people.cli("run")
    people.sql("update people set age = 77, first_name = 'Robert' where first_name = 'Bob'")
    masked = people.cli("plan").out
    assert "firstName: 1 row" in masked
    assert "b…@e…: B… -> R…" in masked
    assert "b…@e…: ••• -> •••" in masked
    assert "Robert" not in masked
    assert "bob@" not in masked
    shown = people.cli("plan", "--show-values").out
    assert "bob@example.com: Bob -> Robert" in shown
    assert "bob@example.com: 41 -> 77" in shown


def test_json_is_masked_too(people: Shop) -> None:
    people.cli("run")
    people.sql("update people set first_name = 'Robert' where first_name = 'Bob'")
    ended = people.cli("plan", "--output", "json")
    [plan] = ended.json["plans"]
    assert (plan["added"], plan["changed"], plan["unchanged"], plan["to_send"], plan["requests"]) == (0, 1, 2, 1, 1)
    assert plan["changed_fields"] == {"firstName": 1}
    assert plan["examples"]["firstName"] == [{"key": "b…@e…", "kind": "text", "old": "B…", "new": "R…"}]
    assert "Robert" not in ended.out


def test_invalid_and_removed_rows_are_told_apart(people: Shop) -> None:
    people.cli("run")
    people.sql("update people set email = 'nothing' where first_name = 'Bob'")
    out = people.cli("plan").out
    assert "1 invalid (1 bad-email)" in out
    assert "1 row not in the model any more (on_removed: ignore" in out


def test_guards_that_would_stop_are_named(people: Shop) -> None:
    people.cli("run")
    people.sql("delete from people")
    ended = people.cli("plan")
    assert (ended.code, "guard-empty-model" in ended.out) == (0, True)
    assert "guard-empty-model" not in people.cli("plan", "--allow", "empty_model").out
    people.built(people="error")
    assert "guard-build" in people.cli("plan").out


def test_lookups_count_as_requests(shop: Shop) -> None:
    shop.model("people", {**META, "mode": "update"})
    [plan] = shop.cli("plan", "--output", "json").json["plans"]
    assert plan["requests"] == 4


def test_plan_and_run_agree(people: Shop) -> None:
    people.cli("run")
    people.sql(
        "update people set age = age + 1 where age > 30",
        "insert into people values ('dee@example.com', 'Dee', 1, null)",
    )
    [plan] = people.cli("plan", "--output", "json").json["plans"]
    people.cli("run")
    counts = people.results["results"][0]["counts"]
    assert {name: plan[name] for name in ("added", "changed", "unchanged")} == {
        "added": 1,
        "changed": 2,
        "unchanged": 1,
    }
    assert {name: counts[name] for name in ("added", "changed", "unchanged")} == {
        "added": 1,
        "changed": 2,
        "unchanged": 1,
    }
