"""Whose sync snapshot it is: the relation that feeds it, the targets that may send, and what has to be typed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from reverse_etl.cli import app
from reverse_etl.sandbox import SandboxOptions, start_sandbox
from tests.cli.conftest import META, PEOPLE, Ended, Shop, working_in

DEV, PROD = ("--target", "dev"), ("--target", "prod")
STATE = {"REVERSE_ETL_STATE": "local"}


@pytest.fixture
def prod(shop: Shop) -> Shop:
    """A shop with one database and two schemas, each with people of its own; what is built is `prod`."""
    outputs = (
        "dev: {type: duckdb, path: shop.duckdb, schema: dev}\n    prod: {type: duckdb, path: shop.duckdb, schema: prod}"
    )
    (shop.folder / "profiles.yml").write_text(f"shop:\n  target: dev\n  outputs:\n    {outputs}\n")
    shop.model("people")
    for schema in ("dev", "prod"):
        shop.sql(f"create schema {schema}", PEOPLE.format(name=f"{schema}.people"))
    shop.sql("update dev.people set first_name = 'Test'")
    build(shop, "prod")
    return shop


def build(shop: Shop, schema: str) -> None:
    """What dbt writes for a target."""
    node: Any = shop.models["model.shop.people"]
    node.update(schema=schema, relation_name=f'"shop"."{schema}"."people"')
    shop.write_manifest()


def lease_source(shop: Shop, value: object = None) -> Any:
    """What the sync snapshot remembers of its relation; set to nothing on request, as an older version left it."""
    [(table,)] = shop.sql("select table_name from information_schema.tables where table_name like 'lease__%'")
    [(text,)] = shop.sql(f"select destination from reverse_etl.{table}")
    remembered = json.loads(text)
    if value == "forget":
        del remembered["source"]
        shop.sql(f"update reverse_etl.{table} set destination = '{json.dumps(remembered)}'")
    return remembered.get("source")


def assert_stopped(ended: Ended, code: str) -> str:
    assert (ended.code, f"error[{code}]" in ended.err) == (1, True), ended.err
    return ended.err


def test_another_targets_table_does_not_feed_the_snapshot(prod: Shop) -> None:
    assert prod.cli("run", *PROD).code == 0
    build(prod, "dev")
    said = assert_stopped(prod.cli("run", *DEV), "guard-relation")
    for word in (
        '"shop"."prod"."people" (target `prod`)',
        '"shop"."dev"."people" (target `dev`)',
        "run with `-t prod`",
    ):
        assert word in said
    assert prod.results["results"][0]["counts"]["accepted"] == 0
    assert "guard-relation" in prod.cli("plan", *DEV).out
    build(prod, "prod")
    assert prod.cli("run", *PROD).code == 0
    assert prod.results["results"][0]["counts"]["planned"] == 0


def test_what_is_allowed_once_is_not_remembered(prod: Shop) -> None:
    prod.cli("run", *PROD)
    build(prod, "dev")
    assert prod.cli("run", *DEV, "--allow", "relation").code == 0
    assert prod.results["results"][0]["counts"]["accepted"] == 3
    assert lease_source(prod)["relation"] == '"shop"."prod"."people"'
    assert_stopped(prod.cli("run", *DEV), "guard-relation")


def test_a_renamed_table_is_accepted_by_its_name(prod: Shop) -> None:
    prod.cli("run", *PROD)
    build(prod, "dev")
    refused = prod.cli("destination", "accept", *DEV)
    assert (refused.code, "error[relation-not-named]" in refused.err) == (2, True)
    assert "--relation shop.dev.people" in refused.err
    assert prod.cli("destination", "accept", *DEV, "--relation", "shop.prod.people").code == 2
    hint = next(part for part in prod.cli("run", *DEV).err.split("`") if part.startswith("reverse-etl destination"))
    assert prod.cli(*hint.split()[1:]).code == 0
    assert prod.cli("run", *DEV).code == 0
    build(prod, "prod")
    assert_stopped(prod.cli("run", *PROD), "guard-relation")
    assert prod.cli("destination", "accept", *PROD, "--relation", "shop.prod.*").code == 0
    assert prod.cli("run", *PROD).code == 0


def test_a_definition_may_switch_the_guard_off(prod: Shop) -> None:
    node: Any = prod.models["model.shop.people"]
    node["config"]["meta"]["reverse_etl"] = {**META, "guards": {"relation": False}}
    build(prod, "prod")
    prod.cli("run", *PROD)
    build(prod, "dev")
    assert prod.cli("run", *DEV).code == 0


@pytest.mark.parametrize("changed", [True, False])
def test_a_snapshot_that_remembers_nothing_belongs_to_the_next_run(prod: Shop, changed: bool) -> None:
    prod.cli("run", *PROD)
    lease_source(prod, "forget")
    if changed:
        prod.sql("update prod.people set age = 1 where first_name = 'Bob'")
    assert "guard-" not in prod.cli("plan", *PROD).out
    assert prod.cli("run", *PROD).code == 0
    source = {"relation": '"shop"."prod"."people"', "target": "prod", "model": "model.shop.people"}
    assert source.items() <= lease_source(prod).items()
    build(prod, "dev")
    assert_stopped(prod.cli("run", *DEV), "guard-relation")


def test_quotes_alone_are_no_other_relation(prod: Shop) -> None:
    prod.cli("run", *PROD)
    node: Any = prod.models["model.shop.people"]
    node["relation_name"] = "SHOP.prod.people"
    prod.write_manifest()
    assert prod.cli("run", *PROD).code == 0
    node["relation_name"] = "shop.prod.people_2"
    prod.sql(PEOPLE.format(name="prod.people_2"))
    prod.write_manifest()
    assert_stopped(prod.cli("run", *PROD), "guard-relation")


def test_a_state_beside_the_warehouse_tells_servers_apart_by_target(prod: Shop) -> None:
    """Two targets whose relations have the same names: with `state: local` they share one file."""
    outputs = "".join(
        f"    {name}: {{type: duckdb, path: {path}, schema: prod}}\n"
        for name, path in (("dev", "copy/shop.duckdb"), ("prod", "shop.duckdb"))
    )
    (prod.folder / "profiles.yml").write_text(f"shop:\n  target: dev\n  outputs:\n{outputs}")
    assert prod.cli("run", *PROD, **STATE).code == 0
    (prod.folder / "copy").mkdir()
    (prod.folder / "copy" / "shop.duckdb").write_bytes((prod.folder / "shop.duckdb").read_bytes())
    said = assert_stopped(prod.cli("run", *DEV, **STATE), "guard-relation")
    assert "target `dev`" in said
    assert prod.cli("run", *PROD, **STATE).code == 0


def test_another_target_does_not_reset_a_snapshot(prod: Shop) -> None:
    prod.cli("run", *PROD)
    build(prod, "dev")
    reset = prod.cli("state", "reset", *DEV, "--select", "people")
    assert (reset.code, "error[guard-relation]" in reset.err) == (2, True), reset.err
    build(prod, "prod")
    assert "3 unchanged" in prod.cli("run", *PROD).out
    build(prod, "dev")
    reset = prod.cli("state", "reset", *DEV, "--select", "people", "--allow", "relation")
    assert (reset.code, "3 entries forgotten" in reset.out) == (0, True)


def test_another_target_prunes_only_what_it_names(prod: Shop) -> None:
    prod.cli("run", *PROD)
    prod.model("people", {**META, "name": "friends"})
    build(prod, "dev")
    kept = prod.cli("state", "prune", *DEV)
    assert (kept.code, kept.out) == (0, "")
    assert "`people` belongs to target `prod`; to delete it, run `reverse-etl state prune 'people'`" in kept.err
    build(prod, "prod")
    assert "sync people: 3 entries deleted" in prod.cli("state", "prune", *PROD).out


@pytest.fixture
def only_prod(prod: Shop) -> Shop:
    """Only the target `prod` may send."""
    (prod.folder / "reverse_etl.yml").write_text("destinations:\n  iterable:\n    targets: [prod]\n")
    return prod


def test_only_the_targets_that_are_listed_send(only_prod: Shop) -> None:
    build(only_prod, "dev")
    said = assert_stopped(only_prod.cli("run", *DEV), "target-not-allowed")
    for word in ("target `dev`", "destination `iterable`", "`prod`", "-t prod", "--sandbox"):
        assert word in said
    assert only_prod.results["results"][0]["status"] == "stopped"
    assert assert_stopped(only_prod.cli("run", *DEV, "--allow", "destination"), "target-not-allowed")
    plan = only_prod.cli("plan", *DEV)
    assert (plan.code, "3 added" in plan.out, "target-not-allowed" in plan.out) == (0, True, True)
    assert only_prod.cli("run", *DEV, "--sandbox").code == 0
    accept = only_prod.cli("destination", "accept", *DEV)
    assert (accept.code, "error[target-not-allowed]" in accept.err) == (2, True)
    reset = only_prod.cli("state", "reset", *DEV, "--select", "people")
    assert (reset.code, "error[target-not-allowed]" in reset.err) == (2, True)
    move = only_prod.cli("state", "migrate", *DEV, "--to", "local")
    assert (move.code, "error[target-not-allowed]" in move.err) == (2, True)
    build(only_prod, "prod")
    assert only_prod.cli("run", *PROD).code == 0


@pytest.mark.parametrize("written", ["", "    api_key: \"{{ env_var('ITERABLE_API_KEY') }}\"\n"])
def test_a_target_that_may_not_send_needs_no_key(only_prod: Shop, written: str) -> None:
    settings = only_prod.folder / "reverse_etl.yml"
    settings.write_text(settings.read_text() + written)
    build(only_prod, "dev")
    keyless = {name: value for name, value in only_prod.env.items() if name != "ITERABLE_API_KEY"}
    plan = invoke(keyless, "plan", *DEV, "--project-dir", str(only_prod.folder))
    assert (plan.exit_code, "3 added" in plan.stdout, "target-not-allowed" in plan.stdout) == (0, True, True)
    run = invoke(keyless, "run", *DEV, "--project-dir", str(only_prod.folder))
    assert (run.exit_code, "error[target-not-allowed]" in run.stderr) == (1, True)
    build(only_prod, "prod")
    run = invoke(keyless, "run", *PROD, "--project-dir", str(only_prod.folder))
    assert run.exit_code == 2


def invoke(env: dict[str, str], *words: str) -> Any:
    """A command that sees only this environment."""
    cleared: dict[str, str | None] = dict.fromkeys(name for name in os.environ if name not in env)
    with working_in(Path(env["HOME"])):
        return CliRunner().invoke(app, list(words), env={**cleared, **env})


def test_a_file_of_its_own_is_no_way_past_the_list(only_prod: Shop) -> None:
    outputs = "dev: {type: duckdb, path: dev.duckdb}\n    prod: {type: duckdb, path: shop.duckdb, schema: prod}"
    (only_prod.folder / "profiles.yml").write_text(f"shop:\n  target: dev\n  outputs:\n    {outputs}\n")
    node: Any = only_prod.models["model.shop.people"]
    node.update(database="dev", schema="main", relation_name='"dev"."main"."people"')
    only_prod.write_manifest()
    with duckdb.connect(str(only_prod.folder / "dev.duckdb")) as file:
        file.execute(PEOPLE.format(name="people"))
    assert_stopped(only_prod.cli("run"), "target-not-allowed")


def test_another_host_has_to_be_typed(people: Shop) -> None:
    people.cli("run")
    host = people.url.removeprefix("http://")
    with start_sandbox(SandboxOptions(port=0, rate_limit=False)) as other:
        there, new = {"ITERABLE_BASE_URL": other.url}, other.url.removeprefix("http://")
        assert "destination accept --select people`, which shows" in people.cli("run", **there).err
        refused = people.cli("destination", "accept", **there)
        assert (refused.code, refused.out, "error[destination-not-named]" in refused.err) == (2, "", True)
        assert f"3 rows that {host} accepted would count as accepted by {new}" in refused.err
        assert f"--to {new} --full-refresh`" in refused.err
        wrong = people.cli("destination", "accept", "--to", host, **there)
        assert (wrong.code, "error[other-destination-named]" in wrong.err) == (2, True)
        assert_stopped(people.cli("run", **there), "guard-destination")
        accepted = people.cli("destination", "accept", "--to", new, **there)
        assert (accepted.code, "its 3 accepted rows count as accepted there" in accepted.out) == (0, True)
        assert people.cli("run", **there).code == 0
        assert people.results["results"][0]["counts"]["planned"] == 0


def test_rows_that_another_host_accepted_can_all_be_sent_again(people: Shop) -> None:
    people.sql("update people set email = 'x' where first_name = 'Bob'")
    people.cli("run")
    with start_sandbox(SandboxOptions(port=0, rate_limit=False)) as other:
        there, new = {"ITERABLE_BASE_URL": other.url}, other.url.removeprefix("http://")
        accepted = people.cli("destination", "accept", "--to", new, "--full-refresh", **there)
        assert (accepted.code, "sends its 2 accepted rows again" in accepted.out) == (0, True)
        assert people.cli("run", **there).code == 0
        assert people.results["results"][0]["counts"]["accepted"] == 2


def test_another_project_has_to_be_typed(people: Shop) -> None:
    people.cli("run")
    project = {"ITERABLE_PROJECT": "brand"}
    refused = people.cli("destination", "accept", **project)
    assert (refused.code, "--to brand --full-refresh" in refused.err) == (2, True)
    assert people.cli("destination", "accept", "--to", people.url.removeprefix("http://"), **project).code == 2
    assert people.cli("destination", "accept", "--to", "brand", **project).code == 0
    assert people.cli("run", **project).code == 0
    other_type = {**project, "ITERABLE_PROJECT_TYPE": "hybrid"}
    assert people.cli("destination", "accept", **other_type).code == 2
