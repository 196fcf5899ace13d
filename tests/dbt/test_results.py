"""What the last dbt command says about a model, as the real dbt wrote it, and in the words of dbt v2."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from reverse_etl.dbt.build_results import Judge, read_build_results
from reverse_etl.dbt.manifest import Manifest
from reverse_etl.dbt.nodes import Model
from reverse_etl.dbt.project import locate
from reverse_etl.dbt.results import Build, NodeResult, read_build, sortable_time
from reverse_etl.errors import ConfigError

USERS = "model.shop.iterable_users"
ERROR_TEST = "test.shop.unique_iterable_users_id.6aa6e87a33"
WARN_TEST = "test.shop.unique_iterable_users_tier.99768b6d09"
ORDERS = "model.shop.stg_orders"
CUSTOMERS = "model.shop.stg_customers"
V2 = {"command": "build", "which": "build", "static_analysis": None}


def holds(build: Build, manifest: Manifest) -> dict[str, str]:
    """The sentence for each model that is held back."""
    judge = Judge(manifest, read_build_results(build, manifest, [USERS]))
    found = {unique_id: judge.find_hold(unique_id) for unique_id in manifest.nodes}
    return {unique_id: hold.sentence.partition(" at ")[0] for unique_id, hold in found.items() if hold}


def said(statuses: dict[str, str | tuple[str, str]], manifest: Manifest, **build: object) -> str | None:
    """What is said of the users after a command with these statuses, or statuses and messages."""
    pairs = {name: (status, "") if isinstance(status, str) else status for name, status in statuses.items()}
    results = {name: NodeResult(*pair) for name, pair in pairs.items()}
    made = Build(invocation_id=manifest.invocation_id, results=results, **build)  # type: ignore[arg-type]
    return holds(made, manifest).get(USERS)


def test_a_good_build_speaks_against_nothing(shop):
    build = read_build(shop.locations)
    assert build.results[WARN_TEST].status == "warn"
    assert build.invocation_id
    assert sortable_time(build.generated_at) == build.generated_at
    assert (build.command, build.limited) == ("build", None)
    assert holds(build, shop.manifest) == {}


def test_a_broken_build_names_what_failed(shop):
    found = holds(read_build(shop.broken), replace(shop.manifest, invocation_id=read_build(shop.broken).invocation_id))
    assert found == {
        USERS: "test `unique_iterable_users_id` on `iterable_users` ended as `fail` in `dbt build`",
        "model.shop.customers.v2": "model `customers` ended as `error` in `dbt build`",
        "snapshot.shop.customers_history": "snapshot `customers_history` ended as `skipped` in `dbt build`",
    }


@pytest.mark.parametrize(
    ("statuses", "speaks"),
    [
        ({USERS: "success", ERROR_TEST: "pass"}, False),
        ({USERS: "partial success"}, True),
        ({USERS: "runtime error"}, True),
        ({USERS: "a word that nobody knows"}, True),
        ({USERS: "success", ERROR_TEST: "error"}, True),
        ({USERS: "success", ERROR_TEST: "skipped"}, True),
        ({USERS: "success", ERROR_TEST: "warn"}, False),
        ({USERS: "success", WARN_TEST: "error"}, False),
        ({USERS: "success", WARN_TEST: "skipped"}, False),
        ({ORDERS: "error"}, False),
        ({}, False),
        # Words of dbt v2.
        ({USERS: "warn"}, False),
        ({USERS: "reused"}, False),
        ({USERS: "no-op"}, False),
        ({USERS: "noop", ERROR_TEST: "no-op"}, False),
        ({USERS: "reused", ERROR_TEST: "reused"}, False),
        ({USERS: "reused", ERROR_TEST: "skipped"}, False),
        ({ERROR_TEST: ("skipped", "Skipped due to model reuse")}, False),
        ({ERROR_TEST: ("skipped", "Skipped due to upstream failure")}, True),
        ({USERS: "reused", ERROR_TEST: "fail"}, True),
        ({USERS: "error", ERROR_TEST: "skipped"}, True),
    ],
)
def test_only_the_model_and_its_error_tests_count(shop, statuses, speaks):
    assert bool(said(statuses, shop.manifest)) is speaks


@pytest.mark.parametrize("which", ["generate", "compile", "show", "list", "clone", "run-operation"])
def test_commands_that_neither_build_nor_test_say_nothing(shop, which):
    assert said({USERS: "error", ERROR_TEST: "error"}, shop.manifest, args={"which": which}) is None


def test_a_test_that_reads_a_failed_model_too_was_skipped_for_it(shop):
    nodes = {USERS: shop.manifest.nodes[USERS], ORDERS: shop.manifest.nodes[ORDERS]}
    test = Model("test.shop.both", "both", "test", "shop", depends_on=(USERS, ORDERS))
    manifest = replace(shop.manifest, nodes=nodes, tests={test.unique_id: test})
    assert said({USERS: "reused", ORDERS: "error", test.unique_id: "skipped"}, manifest)
    assert said({USERS: "reused", ORDERS: "success", test.unique_id: "skipped"}, manifest) is None


def test_of_several_causes_the_one_that_failed_is_named(shop):
    nodes = {name: shop.manifest.nodes[name] for name in (CUSTOMERS, ORDERS, USERS)}
    nodes[USERS] = replace(nodes[USERS], depends_on=(CUSTOMERS, ORDERS))
    tests = [
        Model(f"test.shop.{name}", name, "test", "shop", depends_on=(model,), attached_node=model)
        for name, model in (("first", CUSTOMERS), ("second", ORDERS))
    ]
    manifest = replace(shop.manifest, nodes=nodes, tests={test.unique_id: test for test in tests})
    statuses = {CUSTOMERS: "success", ORDERS: "success", USERS: "skipped"}
    for first, second, cause in (("skipped", "fail", "second"), ("fail", "skipped", "first")):
        results = {"test.shop.first": first, "test.shop.second": second, **statuses}
        found = {name: NodeResult(status) for name, status in results.items()}
        build = Build(invocation_id=manifest.invocation_id, results=found, args=V2)
        hold = Judge(manifest, read_build_results(build, manifest, [USERS])).find_hold(USERS)
        assert hold is not None
        assert hold.sentence.partition("because ")[2].startswith(f"test `{cause}` on")


@pytest.mark.parametrize(
    ("args", "version", "missing"),
    [
        (V2, "2.0.0-preview.196", True),
        ({**V2, "which": "run"}, "2.0.9", True),
        ({**V2, "which": "test"}, "2.0.9", False),
        ({**V2, "which": "seed", "select": []}, "2.0.9", False),
        ({"which": "build", "select": [], "exclude": []}, "1.11.16", True),
        ({"which": "build", "select": ["stg_customers+"], "exclude": []}, "2.0.9", True),
        ({"which": "build", "select": ["stg_customers"], "exclude": []}, "2.0.9", False),
        ({"which": "build", "select": [], "exclude": ["iterable_users"]}, "1.11.16", False),
        ({"which": "build", "select": [], "resource_types": ["seed"]}, "1.11.16", False),
        ({"which": "build", "select": [], "selector": "nightly"}, "1.11.16", False),
        ({"which": "build", "select": ["state:modified"]}, "1.11.16", False),
    ],
)
def test_a_selected_model_that_a_failed_command_does_not_mention(shop, args, version, missing):
    found = said({CUSTOMERS: "error"}, shop.manifest, args=args, dbt_version=version)
    assert found == (
        f"model `iterable_users` is missing from the results of `dbt {args['which']}`" if missing else None
    )
    assert said({CUSTOMERS: "success"}, shop.manifest, args=args, dbt_version=version) is None


def test_results_of_another_invocation_miss_nothing(shop):
    build = Build(invocation_id="another", results={CUSTOMERS: NodeResult("error")}, args=V2, dbt_version="2.0.9")
    assert holds(build, shop.manifest) == {CUSTOMERS: "model `stg_customers` ended as `error` in `dbt build`"}


START, END = "'2026-11-29T13:29:57+00:00'", "'2026-11-30T13:29:57.5+00:00'"
WINDOW = f"at >= {START} and at < {END}"
SNOWFLAKE = f"at >= to_timestamp_tz({START}) and at < to_timestamp_tz({END})"
BIGQUERY = f"cast(at as timestamp) >= {START} and cast(at as timestamp) < {END}"


@pytest.mark.parametrize(
    ("code", "flag"),
    [
        ("select * from (select * from {} limit 0) o", "empty"),
        ("select *\nfrom (select * from {} where false limit 0)", "empty"),
        ("select * from {} limit 10", None),
        (f"select * from (select * from {{}} where {WINDOW}) o", "sample"),
        ("select * from (select * from {} where at >= '2026-11-29 13:29:57' and at < '2026-11-30 13:29:57')", "sample"),
        (f"select * from (select * from {{}} where {SNOWFLAKE})", "sample"),
        (f"select * from (select * from {{}} where {BIGQUERY})", "sample"),
        ("select * from (select * from {} where at >= '2026-11-29')", None),
        (f"select * from {{}} where {WINDOW}", None),
        (f"select * from (select * from {{}} where other_{WINDOW}) o", None),
    ],
)
def test_dbt_v2_names_no_flag_but_compiles_it(shop, code, flag):
    orders = shop.manifest.nodes[ORDERS]
    orders = replace(orders, config={**orders.config, "event_time": "at"})
    users = replace(shop.manifest.nodes[USERS], compiled=code.format(orders.relation_name))
    manifest = replace(shop.manifest, nodes={**shop.manifest.nodes, ORDERS: orders, USERS: users})
    sentence = said({USERS: "success"}, manifest, args=V2, dbt_version="2.0.0-preview.196")
    assert sentence is None if flag is None else f"`dbt build --{flag}`" in sentence


def test_the_window_of_a_microbatch_is_no_sample_of_dbt_v2(shop):
    orders = shop.manifest.nodes[ORDERS]
    orders = replace(orders, config={**orders.config, "event_time": "at"})
    code = f"select * from (select * from {orders.relation_name} where {SNOWFLAKE})"
    users = shop.manifest.nodes[USERS]
    users = replace(users, compiled=code, config={**users.config, "incremental_strategy": "microbatch"})
    manifest = replace(shop.manifest, nodes={**shop.manifest.nodes, ORDERS: orders, USERS: users})
    assert said({USERS: "success"}, manifest, args=V2, dbt_version="2.0.0") is None


def test_no_run_results_are_an_empty_build(shop, tmp_path):
    (tmp_path / "dbt_project.yml").touch()
    assert read_build(locate(tmp_path, None, None, {})) == Build()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-30T13:28:35.682285264Z", "2026-11-30 13:28:35.682285"),
        ("2026-11-30T13:28:35Z", "2026-11-30 13:28:35.000000"),
        ("2026-11-30T13:28:35.5+00:00", "2026-11-30 13:28:35.500000"),
    ],
)
def test_times_sort_whichever_dbt_wrote_them(written, read):
    assert sortable_time(written) == read


@pytest.mark.parametrize("written", [None, "yesterday"])
def test_without_a_time_that_of_the_file_counts(tmp_path, written):
    file = tmp_path / "run_results.json"
    file.write_text(json.dumps({"metadata": {"generated_at": written}, "results": []}))
    os.utime(file, (0, 86_400))
    assert read_build(locate(None, None, tmp_path / "manifest.json", {})).generated_at == "1970-01-02 00:00:00.000000"


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"results": {}}), "[" * 100_000])
def test_broken_run_results(tmp_path, content):
    (tmp_path / "run_results.json").write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_build(locate(None, None, tmp_path / "manifest.json", {}))
    assert caught.value.code == "broken-run-results"
