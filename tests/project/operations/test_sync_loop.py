"""What is wrong with one sync ends that sync, is written down, and stops no other; and what ends a command."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import META, Shop

DESTINATIONS = """
destinations:
  iterable: {}
  other: {api_key: "{{ env_var('OTHER_KEY', '') }}"}
"""


def received(sandbox: Any) -> int:
    return sum(entry.items for entry in sandbox.project.requests if entry.path == "/api/users/bulkUpdate")


def ended(shop: Shop) -> dict[str, tuple[str, str | None]]:
    return {one["sync"]: (one["status"], (one["problem"] or {}).get("code")) for one in shop.results["results"]}


def broken_column(shop: Shop) -> None:
    shop.sql("alter table friends rename column age to years")


def no_table(shop: Shop) -> None:
    shop.sql("drop table friends")


def wrong_word(shop: Shop) -> None:
    shop.model("friends", {**META, "mode": "upsrt"})


def no_object(shop: Shop) -> None:
    shop.model("friends", {"email": "email"})


def no_definition(shop: Shop) -> None:
    shop.model("friends", "users")


def ephemeral(shop: Shop) -> None:
    shop.models["model.shop.friends"]["config"]["materialized"] = "ephemeral"  # type: ignore[index]
    shop.write_manifest()


def wrong_mark(shop: Shop) -> None:
    shop.model("friends", META, {"age": {"name": "age", "config": {"meta": {"reverse_etl": "false"}}}})


def unknown_destination(shop: Shop) -> None:
    shop.model("friends", {**META, "destination": "othr"})


def no_key(shop: Shop) -> None:
    shop.model("friends", {**META, "destination": "other"})


def odd_type(shop: Shop) -> None:
    shop.sql("alter table friends alter column age type blob using 'a'::blob")


FAULTS = {
    broken_column: "missing-column",
    no_table: "missing-table",
    wrong_word: "unknown-mode",
    no_object: "missing-key",
    no_definition: "not-a-definition",
    ephemeral: "ephemeral-model",
    wrong_mark: "wrong-column-mark",
    unknown_destination: "unknown-destination",
    no_key: "missing-key",
    odd_type: "unsendable-type",
}


@pytest.fixture
def two(people: Shop) -> Shop:
    """Two syncs that have run well once."""
    (people.folder / "reverse_etl.yml").write_text(DESTINATIONS)
    people.model("friends")
    assert people.cli("run").code == 0
    return people


@pytest.mark.parametrize(("spoil", "code"), FAULTS.items(), ids=lambda value: getattr(value, "__name__", value))
def test_the_others_run_and_the_fault_is_written_down(two: Shop, sandbox: Any, spoil: Any, code: str) -> None:
    two.sql("update people set age = 1 where first_name = 'Ada'")
    spoil(two)
    run = two.cli("run")
    assert run.code == 1
    assert ended(two) == {"friends": ("error", code), "people": ("success", None)}
    assert received(sandbox) == 7
    [told] = [line for line in run.err.splitlines() if line.startswith(f"error[{code}]: ")]
    assert "sync `friends`: " in told
    [status] = two.cli("status", "--select", "friends", "--output", "json").json["syncs"]
    assert (status["last_run"]["status"], status["last_run"]["problem"]) == ("error", code)
    assert f"problem     {code}" in two.cli("status", "--select", "friends").out
    assert code in two.cli("history", "--select", "friends").out


@pytest.mark.parametrize("spoil", [broken_column, wrong_word, no_key])
def test_a_sound_sync_that_is_selected_knows_nothing_of_it(two: Shop, spoil: Any) -> None:
    code = FAULTS[spoil]
    spoil(two)
    run = two.cli("run", "--select", "people")
    assert (run.code, code in run.err, ended(two)) == (0, False, {"people": ("success", None)})
    for words in ("plan", "list", "status", "history", "rejected", "requeue", "validate"):
        looked = two.cli(words, "--select", "people")
        assert (looked.code, code in looked.err + looked.out) == (0, False), words


@pytest.mark.parametrize("spoil", [broken_column, no_object, unknown_destination])
def test_plan_shows_the_others_and_says_what_would_end_it(two: Shop, spoil: Any) -> None:
    code = FAULTS[spoil]
    spoil(two)
    plan = two.cli("plan")
    assert (plan.code, f"error[{code}]" in plan.err, f"would stop  {code}: " in plan.out) == (1, True, True)
    assert "0 added, 0 changed, 0 removed" in plan.out


@pytest.mark.parametrize("spoil", [no_table, no_definition, no_key])
def test_alone_it_leaves_nothing_to_run(two: Shop, sandbox: Any, spoil: Any) -> None:
    code = FAULTS[spoil]
    spoil(two)
    run = two.cli("run", "--select", "friends")
    assert (run.code, run.out, run.err.count("error[")) == (2, "", 1)
    assert [one["code"] for one in two.results["problems"]] == [code]
    assert ended(two) == {"friends": ("error", code)}
    assert received(sandbox) == 6
    assert f"problem     {code}" in two.cli("status", "--select", "friends").out


def test_every_fault_of_every_sync_is_told(people: Shop, sandbox: Any) -> None:
    people.model("partners", {**META, "fields": {"plan": "no_such_column", "town": "nowhere"}})
    people.model("friends", {**META, "fields": {"city": "nowhere"}})
    run = people.cli("run")
    assert (run.code, run.err.count("error[missing-column]"), received(sandbox)) == (1, 3, 3)
    assert ended(people)["partners"] == ("error", "missing-column")
    [partners] = [one for one in people.results["results"] if one["sync"] == "partners"]
    assert "no_such_column" in partners["message"]
    assert "nowhere" in partners["message"]
    run = people.cli("run", "--exclude", "people")
    assert (run.code, "3 faults; nothing was done" in run.err) == (2, True)


def test_a_fault_in_a_first_run_is_written_down(people: Shop) -> None:
    people.model("early", {**META, "fields": {"city": "nowhere"}})
    assert people.cli("run").code == 1
    out = people.cli("status", "--select", "early").out
    assert ("last run    error, ended" in out, "problem     missing-column" in out) == (True, True)


def test_fail_fast_counts_a_fault_as_a_bad_sync(two: Shop, sandbox: Any) -> None:
    wrong_word(two)
    assert two.cli("run", "--fail-fast").code == 1
    assert ended(two) == {"friends": ("error", "unknown-mode"), "people": ("skipped", "not-run")}


def test_of_syncs_that_share_a_name_none_runs(two: Shop, sandbox: Any) -> None:
    two.model("strangers", {**META, "name": "Friends"})
    two.sql("update people set age = 1 where first_name = 'Ada'")
    run = two.cli("run")
    assert (run.code, run.err.count("error[duplicate-sync-name]"), received(sandbox)) == (1, 2, 7)
    assert sorted((one["model"], one["status"]) for one in two.results["results"]) == [
        ("model.shop.friends", "error"),
        ("model.shop.people", "success"),
        ("model.shop.strangers", "error"),
    ]


def test_a_definition_of_a_list_leaves_the_others_of_its_model(shop: Shop) -> None:
    shop.model("people", [{**META, "name": "good"}, {**META, "mode": "upsrt"}, "users"])
    assert shop.cli("run").code == 1
    assert ended(shop) == {
        "people": ("error", "unknown-mode"),
        "people[2]": ("error", "not-a-definition"),
        "good": ("success", None),
    }


def test_list_names_the_others_and_tells_the_fault(two: Shop) -> None:
    wrong_word(two)
    listed = two.cli("list", "--output", "name")
    assert (listed.code, listed.out, "error[unknown-mode]" in listed.err) == (1, "people\n", True)
    broken = two.cli("list", "--output", "json").json["broken"]
    assert [(one["sync"], one["problems"][0]["code"]) for one in broken] == [("friends", "unknown-mode")]
    alone = two.cli("list", "--select", "friends")
    assert (alone.code, alone.out) == (2, "")


def test_validate_tells_all_and_checks_the_others(two: Shop) -> None:
    wrong_word(two)
    two.model("strangers", {**META, "fields": {"city": "nowhere"}})
    checked = two.cli("validate", "--online")
    assert (checked.code, "2 faults" in checked.err, "ok  sync people" in checked.out) == (2, True, True)


def test_a_snapshot_of_one_sync_that_cannot_be_continued_leaves_the_plan_of_the_others(two: Shop) -> None:
    two.sql("update reverse_etl.lease__friends_" + _suffix(two) + " set schema_version = 99")
    plan = two.cli("plan")
    assert (plan.code, "would stop  newer-state: " in plan.out, "people: users upsert" in plan.out) == (1, True, True)
    assert two.cli("run").code == 1
    assert ended(two) == {"friends": ("error", "newer-state"), "people": ("success", None)}


def _suffix(shop: Shop) -> str:
    names = shop.sql("select table_name from information_schema.tables where table_name like 'lease__friends%'")
    return str(names[0][0]).removeprefix("lease__friends_")


def test_a_fault_of_ours_in_one_sync_leaves_the_others(two: Shop, sandbox: Any, monkeypatch: Any) -> None:
    from reverse_etl.project.operations import sync_loop

    run_sync = sync_loop.run_sync

    def explode(ready: Any, *rest: Any) -> Any:
        if ready.sync.name == "friends":
            raise RuntimeError
        return run_sync(ready, *rest)

    monkeypatch.setattr(sync_loop, "run_sync", explode)
    two.sql("update people set age = 1 where first_name = 'Ada'")
    assert two.cli("run").code == 2
    assert ended(two) == {"friends": ("error", "internal-error"), "people": ("success", None)}
    assert received(sandbox) == 7


def test_results_of_dbt_that_cannot_be_read_end_only_the_syncs_that_depend_on_them(two: Shop) -> None:
    two.model("friends", {**META, "guards": {"build": False}})
    (two.folder / "target" / "run_results.json").write_text("{")
    assert two.cli("run").code == 1
    assert ended(two) == {"people": ("error", "broken-run-results"), "friends": ("success", None)}
    assert two.cli("run", "--allow", "build").code == 0
