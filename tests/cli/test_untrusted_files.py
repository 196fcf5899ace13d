"""Files that anyone may have written: no key of theirs is printed, and none of them is read without end."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.cli.conftest import META, Shop

KEY = "0123456789abcdef0123456789abcdef"


def settings(shop: Shop, text: str) -> None:
    (shop.folder / "reverse_etl.yml").write_text(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"api_key: {KEY}\n", "wrong-setting"),
        (f"apikey: {KEY}\n", "wrong-setting"),
        (f"wait: {KEY}\n", "wrong-setting"),
        (f"wait: {{api_key: {KEY}}}\n", "wrong-setting"),
        (f"state: [{KEY}]\n", "wrong-setting"),
        (f"destinations: {{iterable: {{api_key: '{KEY}}}}}\n", "broken-settings-file"),
        (f"destinations:\n  iterable:\n    api_key: '{KEY}\n    region: us\n", "broken-settings-file"),
        (f"destinations:\n  iterable:\n    api_key: *{KEY}\n", "broken-settings-file"),
        (f"destinations:\n  iterable:\n    api_key: !{KEY} x\n", "broken-settings-file"),
        (f"- {KEY}\n", "broken-settings-file"),
        (f"destinations: {KEY}\n", "broken-settings-file"),
        (f"destinations: {{iterable: {KEY}}}\n", "wrong-destination"),
        (f"destinations: {{iterable: {{api_key: {{x: {KEY}}}}}}}\n", "wrong-destination"),
        (f"destinations: {{iterable: {{region: {{api_key: {KEY}}}}}}}\n", "wrong-destination"),
        (f"{KEY}: 1\n", "wrong-setting"),
        (f"destinations: {{{KEY}: {{region: us}}}}\n", "unknown-destination"),
        (f"destinations: {{iterable: {{{KEY}: us}}}}\n", "wrong-destination"),
        (f"destinations: {{iterable: {{region: {KEY}}}}}\n", "unknown-region"),
        (f"destinations: {{iterable: {{region: us, project_type: {KEY}}}}}\n", "unknown-project-type"),
        (f"destinations: {{iterable: {{ca_bundle: /keys/{KEY}.pem}}}}\n", "unusable-ca-bundle"),
    ],
)
def test_a_key_in_the_wrong_place_is_not_printed(people: Shop, text: str, code: str) -> None:
    settings(people, text)
    for words in (["run"], ["run", "--log-format", "json", "--debug"], ["validate"]):
        ended = people.cli(*words)
        assert ended.code == 2
        assert f"error[{code}]" in ended.err or f'"code": "{code}"' in ended.err
        assert KEY not in ended.out + ended.err
    assert KEY not in json.dumps(people.results)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "destinations: {iterable: {targets: [prod]}}\nwait: 5\ndestinations: {}\n",
            "`destinations` twice, at lines 1 and 3",
        ),
        ("destinations:\n  iterable:\n    region: us\n    region: eu\n", "`region` twice, at lines 3 and 4"),
    ],
)
def test_a_setting_that_is_written_twice_is_an_error(people: Shop, text: str, lines: str) -> None:
    settings(people, text)
    for words in (["run"], ["plan"], ["validate"]):
        ended = people.cli(*words)
        assert (ended.code, "error[broken-settings-file]" in ended.err, lines in ended.err) == (2, True, True)


def test_a_key_at_the_top_is_told_where_it_belongs(people: Shop) -> None:
    settings(people, f"api_key: {KEY}\n")
    assert "write it under `destinations:`" in people.cli("run").err


def test_a_key_in_a_definition_is_not_printed(people: Shop) -> None:
    people.model("friends", {**META, "destination": {"api_key": KEY}})
    people.model("strangers", {**META, "api_key": KEY})
    ended = people.cli("validate")
    assert (ended.code, KEY in ended.err) == (2, False)
    assert "found: {api_key: …}" in ended.err


@pytest.mark.parametrize("name", ["reverse_etl.yml", "profiles.yml", "dbt_project.yml"])
def test_a_bomb_of_aliases_is_refused_at_once(people: Shop, name: str) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    (people.folder / name).write_text(bomb)
    began = time.process_time()
    ended = people.cli("run")
    assert (ended.code, "holds more than 100,000 values" in ended.err) == (2, True)
    assert time.process_time() - began < 10


@pytest.mark.parametrize("name", ["manifest.json", "run_results.json"])
@pytest.mark.parametrize(("text", "words"), [("[" * 100_000, "is nested too deep"), ("9" * 5000, "5,000 digits")])
def test_json_of_dbt_beyond_all_bounds_is_refused(people: Shop, name: str, text: str, words: str) -> None:
    (people.folder / "target" / name).write_text(text)
    ended = people.cli("run")
    assert (ended.code, words in ended.err, "internal-error" in ended.err) == (2, True, False)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**90], ids=["over", "under", "far"])
def test_a_constant_that_no_json_of_iterable_holds_is_a_fault_of_its_definition(people: Shop, value: int) -> None:
    people.model("friends", {**META, "fields": {"n": {"value": value}}})
    ended = people.cli("run")
    assert (ended.code, "error[definition-too-large]" in ended.err) == (1, True)
    assert people.results["results"][0]["status"] == "error"


def test_a_constant_without_a_bottom_is_a_fault_of_its_definition(people: Shop) -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    people.model("friends", {**META, "fields": {"n": {"value": deep}}})
    ended = people.cli("run")
    assert (ended.code, "nested deeper than 50 levels" in ended.err) == (1, True)


def test_deep_and_huge_values_in_a_column_of_json_are_rows_that_cannot_be_sent(people: Shop) -> None:
    people.sql(
        "alter table people add column extra json",
        "update people set extra = (repeat('[', 2000) || repeat(']', 2000))::json where first_name = 'Ada'",
        "update people set extra = ('{\"n\": ' || repeat('9', 5000) || '}')::json where first_name = 'Bob'",
    )
    people.models["model.shop.people"]["config"]["meta"]["reverse_etl"] = {  # type: ignore[index]
        "object": "users",
        "email": "email",
        "fields": ["extra"],
    }
    people.write_manifest()
    people.cli("run")
    counts = people.results["results"][0]["counts"]
    assert (counts["invalid"], counts["accepted"]) == (2, 1)


def test_too_many_fields_are_refused_at_once_wherever_they_come_from(people: Shop) -> None:
    columns = ", ".join(f"{n} as c{n}" for n in range(5000))
    people.model("friends", {**META, "fields": {f"f{n}": f"c{n}" for n in range(5000)}})
    people.model("strangers", {"object": "users", "email": "email"})
    people.sql(f"create or replace table strangers as select 'a@example.com' as email, {columns}")
    began = time.process_time()
    ended = people.cli("run")
    assert (ended.code, ended.err.count("error[too-many-fields]")) == (1, 2)
    assert time.process_time() - began < 20
    assert "5,000 fields" in ended.err


def test_five_hundred_fields_are_sent_in_good_time(people: Shop, sandbox: Any) -> None:
    columns = ", ".join(f"i + {n} as c{n}" for n in range(500))
    people.model("wide", {"object": "users", "email": "email"})
    people.sql(f"create or replace table wide as select i || '@example.com' as email, {columns} from range(1000) t(i)")
    began = time.process_time()
    assert people.cli("run", "--select", "wide").code == 0
    people.sql("update wide set c7 = -1")
    assert "1,000 changed" in people.cli("plan", "--select", "wide").out
    assert people.cli("run", "--select", "wide", "--allow", "column_drift").code == 0
    assert time.process_time() - began < 60
    [user] = [user for user in sandbox.project.users.values() if user.email == "3@example.com"]
    assert (user.data["c7"], user.data["c499"]) == (-1, 502)


def test_five_hundred_missing_columns_are_told_in_good_time(people: Shop) -> None:
    people.model("friends", {**META, "fields": {f"f{n}": f"colum_{n}" for n in range(500)}})
    people.sql("create or replace table friends as select 'a@example.com' as email, " + _columns(500))
    began = time.process_time()
    ended = people.cli("validate", "--online", "--select", "friends")
    assert (ended.code, "500 faults" in ended.err) == (2, True)
    assert time.process_time() - began < 30


def _columns(count: int) -> str:
    return ", ".join(f"{n} as column_{n}" for n in range(count))
