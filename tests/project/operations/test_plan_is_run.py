"""What `plan` says is what `run` does: the same checks, words and numbers, and exit codes for a pipeline."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.cli.conftest import META, Shop

KINDS = ("added", "changed", "resent", "removed", "unchanged", "quarantined")


def have(sandbox: Any, **data: object) -> None:
    """Let Iterable know these fields."""
    body = {"email": "x@example.com", "dataFields": data}
    requests.post(f"{sandbox.url}/api/users/update", json=body, headers={"Api-Key": "sandbox-key"}, timeout=10)


def both(shop: Shop, *flags: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plan and then the result of the run."""
    [plan] = shop.cli("plan", "--output", "json", *flags).json["plans"]
    shop.cli("run", *flags)
    [result] = shop.results["results"]
    return plan, result


def agree(plan: dict[str, Any], result: dict[str, Any]) -> None:
    counts = result["counts"]
    assert {kind: plan[kind] for kind in KINDS} == {kind: counts[kind] for kind in KINDS}
    assert sum(plan["invalid"].values()) == counts["invalid"]
    assert plan["to_send"] == counts["accepted"] + counts["rejected"] + counts["skipped"]
    assert plan["requests"] == result["requests"]


def writes(sandbox: Any) -> int:
    return sum(entry.method != "GET" for entry in sandbox.project.requests)


def test_a_clash_of_field_types_ends_both_with_the_same_words(people: Shop, sandbox: Any) -> None:
    have(sandbox, age="old")
    before = writes(sandbox)
    plan, run = people.cli("plan"), people.cli("run")
    assert (plan.code, run.code) == (1, 1)
    [said] = [line for line in run.err.splitlines() if line.startswith("error[field-type-clash]")]
    assert said in plan.err
    assert "would stop  field-type-clash: " in plan.out
    assert writes(sandbox) == before


def test_what_cannot_be_reached_ends_the_plan_too(people: Shop) -> None:
    plan = people.cli("plan", ITERABLE_BASE_URL="http://127.0.0.1:9", REVERSE_ETL_ATTEMPTS="1")
    assert (plan.code, "error[destination-unavailable]" in plan.err, "3 added" in plan.out) == (1, True, True)


@pytest.mark.parametrize(
    ("kind", "value", "invalid"),
    [("hugeint", f"{2**80}::hugeint", 1), ("double", "'nan'::double", 0)],
)
def test_a_value_that_cannot_be_sent_is_counted_by_both(people: Shop, kind: str, value: str, invalid: int) -> None:
    people.sql(
        f"alter table people alter column age type {kind}", f"update people set age = {value} where first_name = 'Bob'"
    )
    plan, result = both(people)
    agree(plan, result)
    assert (sum(plan["invalid"].values()), plan["added"], plan["to_send"]) == (invalid, 3, 3 - invalid)


def test_a_row_that_is_too_large_is_counted_by_both(people: Shop) -> None:
    people.sql("update people set first_name = repeat('x', 4000001) where first_name = 'Ada'")
    plan, result = both(people)
    agree(plan, result)
    assert plan["invalid"] == {"row-too-large": 1}


def test_a_clash_with_a_catalog_ends_both(shop: Shop, sandbox: Any) -> None:
    shop.model("people", {"object": "catalog_items", "catalog": "Folk", "item_id": "id", "fields": ["age"]})
    shop.sql("alter table people add column id varchar", "update people set id = age::varchar")
    headers = {"Api-Key": "sandbox-key"}
    requests.post(f"{sandbox.url}/api/catalogs/Folk", headers=headers, timeout=10)
    fields = {"mappingsUpdates": [{"fieldName": "age", "fieldType": "long"}]}
    requests.put(f"{sandbox.url}/api/catalogs/Folk/fieldMappings", json=fields, headers=headers, timeout=10)
    shop.sql("alter table people alter column age type varchar", "update people set age = 'old' where id = '36'")
    plan, result = both(shop)
    assert [one["code"] for one in plan["problems"]] == [result["problem"]["code"]]


def test_a_full_refresh_is_planned_as_it_runs(people: Shop) -> None:
    people.cli("run")
    people.sql("update people set age = 42 where first_name = 'Bob'")
    plan, result = both(people, "--full-refresh")
    agree(plan, result)
    assert (plan["changed"], plan["resent"], plan["to_send"]) == (1, 2, 3)


def test_plan_makes_nothing_that_run_would_make(shop: Shop, sandbox: Any) -> None:
    shop.model("people", {"object": "list_members", "list": {"name": "Friends"}, "create_list": True, "email": "email"})
    plan = shop.cli("plan")
    assert (plan.code, writes(sandbox)) == (0, 0)
    assert "Iterable has no list `Friends` yet" in plan.out
    assert shop.cli("run").code == 0
    assert shop.cli("plan", "--exit-code").code == 0


def test_exit_codes_for_a_pipeline(people: Shop, sandbox: Any) -> None:
    assert people.cli("plan", "--exit-code").code == 2
    people.cli("run")
    assert people.cli("plan", "--exit-code").code == 0
    assert people.cli("plan", "--exit-code", "--full-refresh").code == 2
    people.sql("update people set age = 42 where first_name = 'Bob'")
    assert (people.cli("plan", "--exit-code").code, people.cli("plan").code) == (2, 0)
    people.sql("delete from people")
    assert (people.cli("plan", "--exit-code").code, people.cli("plan").code) == (1, 0)
    assert people.cli("plan", "--exit-code", "--allow", "empty_model").code == 0


def test_with_exit_codes_an_error_is_never_taken_for_changes(people: Shop) -> None:
    assert people.cli("plan", "--exit-code", ITERABLE_API_KEY="").code == 1
    people.model("friends", {**META, "mode": "upsrt"})
    assert people.cli("plan", "--exit-code").code == 1
    assert people.cli("plan", "--exit-code", "--select", "friends").code == 1
    (people.folder / "target" / "manifest.json").unlink()
    assert (people.cli("plan", "--exit-code").code, people.cli("plan").code) == (1, 2)


def test_rows_that_left_are_counted_once_where_nothing_is_sent_for_them(people: Shop, sandbox: Any) -> None:
    people.cli("run")
    before = writes(sandbox)
    people.sql("delete from people where first_name = 'Bob'")
    for removed in (1, 0, 0):
        plan, result = both(people)
        agree(plan, result)
        assert (plan["removed"], result["status"]) == (removed, "success")
    assert "not in the model any more" not in people.cli("plan").out
    assert writes(sandbox) == before


def test_a_row_that_comes_back_sends_what_changed_and_is_counted_if_it_leaves_again(people: Shop) -> None:
    people.cli("run")
    people.sql("create table gone as select * from people where first_name = 'Bob'")
    people.sql("delete from people where first_name = 'Bob'")
    both(people)
    people.sql("insert into people select * replace (age + 1 as age) from gone")
    plan, result = both(people)
    agree(plan, result)
    assert (plan["changed"], plan["changed_fields"], plan["removed"]) == (1, {"age": 1}, 0)
    people.sql("delete from people where first_name = 'Bob'")
    assert [both(people)[1]["counts"]["removed"] for _ in range(2)] == [1, 0]
