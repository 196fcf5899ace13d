"""Definitions that are not read: misspelled tags, and definitions that dbt has not parsed yet."""

from __future__ import annotations

import pytest

from tests.cli.conftest import META, Shop

TAGGED = "models: [{name: friends, config: {meta: {reverse_etl: {object: users, email: email}}}}]\n"


@pytest.mark.parametrize("key", ["reverse-etl", "reverseetl", "reverse_ETL"])
def test_a_misspelt_tag_is_told_by_every_command(people: Shop, key: str) -> None:
    people.model("friends", None)
    people.models["model.shop.friends"]["config"]["meta"] = {key: META}
    people.write_manifest()
    for words in (["list"], ["validate"], ["plan"], ["run"], ["status"]):
        ended = people.cli(*words)
        assert ended.code == 0
        assert f"model `friends` (models/marts/schema.yml): `{key}` under" in ended.err


def test_a_project_whose_only_tag_is_misspelt_is_told_too(shop: Shop) -> None:
    shop.model("friends", None)
    shop.models["model.shop.friends"]["config"]["meta"] = {"reverse-etl": META}
    shop.write_manifest()
    assert "`reverse-etl` under" in shop.cli("run").err


def test_a_misspelt_mark_never_sends_its_column(shop: Shop) -> None:
    shop.model("people", columns={"age": {"name": "age", "meta": {"reverse-etl": False}}})
    ended = shop.cli("run")
    assert ended.code == 2
    assert "error[wrong-column-mark]" in ended.err
    assert "column `age` has a mark that is not read" in ended.err


@pytest.mark.parametrize("key", ["reverse_etl", "email"])
def test_a_key_of_a_definition_that_is_written_twice_is_told(people: Shop, key: str) -> None:
    twice = {
        "reverse_etl": "meta:\n        reverse_etl: {object: users, email: a}\n        reverse_etl: {object: events}\n",
        "email": "meta:\n        reverse_etl:\n          email: a\n          email: b\n",
    }
    file = people.folder / "models" / "marts" / "schema.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"models:\n  - name: people\n    config:\n      {twice[key]}")
    for words in (["list"], ["validate"], ["run", "--allow", "stale_manifest"]):
        ended = people.cli(*words, "--allow", "stale_manifest")
        assert f"models/marts/schema.yml has the key `{key}` twice, at lines" in ended.err
        assert "dbt reads only the last one" in ended.err


def test_a_model_that_was_tagged_after_dbt_parsed_is_noticed(people: Shop) -> None:
    people.model("friends", None)
    file = people.folder / "models" / "marts" / "friends.yml"
    file.parent.mkdir(parents=True)
    file.write_text(TAGGED)
    ended = people.cli("plan")
    assert ended.code == 2
    assert "error[stale-manifest]" in ended.err
    assert people.cli("plan", "--allow", "stale_manifest").code == 0
