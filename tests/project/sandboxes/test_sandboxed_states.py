"""`state … --sandbox`: what the real destinations accepted is neither listed, nor forgotten, nor deleted."""

from __future__ import annotations

from typing import Any

from tests.cli.conftest import Shop


def _real_rows(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    tables = shop.sql("select table_name from information_schema.tables where table_schema = 'reverse_etl'")
    return {name: shop.sql(f"select * from reverse_etl.{name} order by all") for (name,) in tables}


def test_a_reset_forgets_what_the_sandbox_accepted_and_nothing_else(people: Shop, sandbox: Any) -> None:
    people.cli("run")
    real = _real_rows(people)
    people.cli("run", "--sandbox")
    reset = people.cli("state", "reset", "--select", "people", "--sandbox")
    assert (reset.code, reset.out) == (0, "sync people: 3 entries forgotten; the next run sends every row\n")
    assert _real_rows(people) == real
    people.cli("run", "--sandbox")
    [again] = people.results["results"]
    assert again["counts"]["accepted"] == 3


def test_the_list_shows_the_states_of_the_sandbox_only(people: Shop, sandbox: Any) -> None:
    people.cli("run")
    assert people.cli("state", "list", "--sandbox", "--output", "json").json["states"] == []
    assert len(people.cli("state", "list", "--output", "json").json["states"]) == 1


def test_prune_deletes_no_state_of_the_real_destination(people: Shop, sandbox: Any) -> None:
    people.cli("run")
    people.sql("update reverse_etl.sync_runs set sync = 'gone'")
    real = _real_rows(people)
    assert "error[unknown-state]" in people.cli("state", "prune", "gone", "--sandbox").err
    assert _real_rows(people) == real
