"""`rejected` and `requeue`: rows that Iterable refused or lacks."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.cli.conftest import META, Shop


def _post(sandbox: Any, path: str, body: object) -> None:
    requests.post(sandbox.url + path, json=body, headers={"Api-Key": "sandbox-key"}, timeout=10).raise_for_status()


def test_nothing_is_held_back_before_the_first_run(people: Shop) -> None:
    ended = people.cli("rejected")
    assert (ended.code, ended.out) == (0, "")
    assert "no row is held back" in ended.err
    assert "0 refusals requeued" in people.cli("requeue").out


def test_a_refused_user_is_listed_and_not_sent_again(people: Shop, sandbox: Any) -> None:
    _post(sandbox, "/api/users/forget", {"email": "bob@example.com"})
    first = people.cli("run")
    assert first.code == 0
    assert people.results["results"][0]["counts"]["rejected"] == 1
    assert people.results["results"][0]["samples"][0]["code"] == "forgotten-user"
    assert "bob@" not in first.out + first.err + str(people.results)
    [held] = people.cli("rejected", "--output", "json").json["rejected"]
    assert (held["sync"], held["key"], held["code"]) == ("people", "b…@e…", "forgotten-user")
    people.cli("run")
    assert people.results["results"][0]["counts"]["planned"] == 0


def test_skipped_users_are_sent_again_once_requeued(shop: Shop, sandbox: Any) -> None:
    shop.model("people", {**META, "mode": "update"})
    shop.cli("run")
    assert shop.results["results"][0]["counts"]["skipped"] == 3
    _post(sandbox, "/api/users/update", {"email": "ada@example.com", "dataFields": {}})
    shop.cli("run")
    assert shop.results["results"][0]["counts"]["planned"] == 0
    assert "1 refusal requeued" in shop.cli("requeue", " ADA@example.com ", "--select", "people").out
    shop.cli("run")
    assert shop.results["results"][0]["counts"]["accepted"] == 1


def test_a_row_without_identity_has_no_key(people: Shop) -> None:
    people.sql("update people set email = null where first_name = 'Bob'")
    people.cli("run")
    [held] = people.cli("rejected", "--output", "json").json["rejected"]
    assert (held["key"], held["code"]) == (None, "null-identifier")
    assert people.cli("rejected").out.splitlines()[1].split()[:3] == ["people", "null", "invalid"]


def test_limit_cuts_the_list(shop: Shop) -> None:
    shop.model("people", {**META, "mode": "update"})
    shop.cli("run")
    assert len(shop.cli("rejected", "--limit", "2", "--output", "json").json["rejected"]) == 2


UNSENDABLE = {
    "unsendable-value": (
        "alter table people alter age type hugeint",
        f"update people set age = {2**80} where age = 41",
    ),
    "row-too-large": ("update people set first_name = repeat('x', 4500000) where first_name = 'Bob'",),
}


@pytest.mark.parametrize("code", UNSENDABLE)
def test_a_row_that_cannot_be_sent_has_one_name_everywhere(people: Shop, code: str) -> None:
    people.sql(*UNSENDABLE[code])
    assert "1 invalid" in people.cli("run").out
    [result] = people.results["results"]
    assert (result["counts"]["invalid"], result["counts"]["rejected"]) == (1, 0)
    assert [(sample["status"], sample["code"]) for sample in result["samples"]] == [("invalid", code)]
    for _ in range(2):
        [held] = people.cli("rejected", "--output", "json").json["rejected"]
        assert (held["state"], held["code"]) == ("invalid", code)
        [status] = people.cli("status", "--output", "json").json["syncs"]
        assert status["held_back"] == {f"invalid {code}": 1}
        people.cli("run")
        counts = people.results["results"][0]["counts"]
        assert (counts["planned"], counts["quarantined"]) == (0, 1)
    assert "1 refusal requeued" in people.cli("requeue").out
    people.cli("run")
    assert people.results["results"][0]["counts"]["invalid"] == 1


def test_a_row_that_can_be_sent_again_is_listed_no_more(people: Shop) -> None:
    people.sql(*UNSENDABLE["unsendable-value"])
    people.cli("run")
    people.sql("update people set age = 42 where age > 1000", "update people set email = null where first_name = 'Ada'")
    people.cli("run")
    [held] = people.cli("rejected", "--output", "json").json["rejected"]
    assert (held["state"], held["code"]) == ("invalid", "null-identifier")


def test_a_table_of_an_earlier_version_is_read_and_requeued(people: Shop) -> None:
    people.sql(*UNSENDABLE["unsendable-value"])
    people.cli("run")
    rejections = "reverse_etl.sync_rejections"
    people.sql(f"update {rejections} set state = 'rejected'", f"alter table {rejections} drop column request_rows")
    assert people.cli("plan", "--output", "json").json["plans"][0]["quarantined"] == 1
    assert "1 refusal requeued" in people.cli("requeue").out


def test_user_ids_with_an_at_sign_are_requeued_by_their_exact_text(shop: Shop) -> None:
    shop.model("people", {"object": "users", "mode": "update", "user_id": "email", "fields": {"age": "age"}})
    shop.sql("update people set email = 'Ada@Example.com' where first_name = 'Ada'")
    shop.sql("update people set email = 'ada@example.com' where first_name = 'Bob'")
    env = {"ITERABLE_PROJECT_TYPE": "user_id"}
    shop.cli("run", **env)
    assert shop.results["results"][0]["counts"]["skipped"] == 3
    assert "0 refusals requeued" in shop.cli("requeue", "ADA@example.com", **env).out
    assert "1 refusal requeued" in shop.cli("requeue", "Ada@Example.com", **env).out
    held = shop.cli("rejected", "--show-values", "--output", "json", **env).json["rejected"]
    assert {one["key"] for one in held} == {"ada@example.com", "cyd@example.com"}


def test_a_hybrid_project_knows_which_identifier_a_key_is(shop: Shop) -> None:
    shop.model("people", {"object": "users", "mode": "update", "email": "email", "user_id": "first_name"})
    shop.sql("update people set first_name = 'Cyd@Home' where first_name is null")
    shop.sql("update people set first_name = null where email like 'bob%'")
    env = {"ITERABLE_PROJECT_TYPE": "hybrid"}
    shop.cli("run", **env)
    held = shop.cli("rejected", "--show-values", "--output", "json", **env).json["rejected"]
    assert len(held) == 3, held
    assert "0 refusals requeued" in shop.cli("requeue", "cyd@home", **env).out
    assert "2 refusals requeued" in shop.cli("requeue", "Cyd@Home", " BOB@example.com", **env).out
