"""Which target's tables a command sends: it says so, and refuses the manifest of another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import META, Shop

SOURCE = 'target dev, database shop, relation "shop"."main"."people"'
NAMES = {"target": "dev", "database": "shop", "relation": '"shop"."main"."people"'}


@pytest.fixture
def two_targets(people: Shop) -> Shop:
    """A shop whose profile has a target `prod` too, with a schema of its own."""
    outputs = "dev: {type: duckdb, path: shop.duckdb}\n    prod: {type: duckdb, path: shop.duckdb, schema: prod}"
    (people.folder / "profiles.yml").write_text(f"shop:\n  target: dev\n  outputs:\n    {outputs}\n")
    return people


def test_each_command_shows_target_database_and_relation(people: Shop) -> None:
    for words in (["status"], ["plan"], ["run"], ["status"]):
        assert f"  source      {SOURCE}\n" in people.cli(*words).out, words
    for words, key in ((["plan"], "plans"), (["list"], "syncs"), (["status"], "syncs")):
        [shown] = people.cli(*words, "--output", "json").json[key]
        assert {name: shown[name] for name in NAMES} == NAMES, words
    [result] = people.results["results"]
    assert {name: result[name] for name in NAMES} == NAMES


def test_a_sync_that_was_not_run_shows_them_too(people: Shop) -> None:
    people.built(people="error")
    assert f"  source      {SOURCE}\n" in people.cli("plan").out
    assert f"  source      {SOURCE}\n" in people.cli("run").out


@pytest.mark.parametrize("command", ["run", "plan", "list", "status", "validate", "history"])
def test_the_manifest_of_another_target_is_refused(two_targets: Shop, command: str) -> None:
    ended = two_targets.cli(command, "--target", "prod")
    assert (ended.code, ended.out) == (2, "")
    assert "error[wrong-target]" in ended.err
    assert f"dbt parse -t prod --project-dir {two_targets.folder}" in ended.err
    assert two_targets.sql("select count(*) from information_schema.schemata where schema_name = 'reverse_etl'") == [
        (0,)
    ]


def test_a_manifest_without_a_word_of_its_places_is_read(two_targets: Shop) -> None:
    for node in two_targets.models.values():
        node.pop("schema"), node.pop("database")  # type: ignore[attr-defined]  # a node is a dict
    two_targets.write_manifest()
    assert two_targets.cli("list", "--target", "prod").code == 0


def test_the_default_target_may_be_the_wrong_one(two_targets: Shop) -> None:
    two_targets.model("friends", {**META, "name": "pals"})
    for node in two_targets.models.values():
        node["schema"] = "prod"  # type: ignore[index]  # a node is a dict
    two_targets.write_manifest()
    ended = two_targets.cli("run")
    assert (ended.code, "was made for target `prod`" in ended.err) == (2, True)
    assert "run with `-t prod`" in ended.err
    assert not list(Path(two_targets.folder).glob("*.wal"))
