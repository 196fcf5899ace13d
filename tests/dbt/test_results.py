"""What the last build says about a model, as the real dbt wrote it."""

from __future__ import annotations

import json

import pytest

from reverse_etl.dbt.project import locate
from reverse_etl.dbt.results import Build, build_problem, read_build
from reverse_etl.errors import ConfigError

USERS = "model.shop.iterable_users"
ERROR_TEST = "test.shop.unique_iterable_users_id.6aa6e87a33"
WARN_TEST = "test.shop.unique_iterable_users_tier.99768b6d09"


def test_a_good_build_speaks_against_nothing(shop):
    build = read_build(shop.locations)
    assert build.statuses[WARN_TEST] == "warn"
    assert build.invocation_id
    assert build.generated_at
    assert {
        unique_id: build_problem(build, shop.manifest, unique_id) for unique_id in shop.manifest.nodes
    } == dict.fromkeys(shop.manifest.nodes)


def test_a_broken_build_names_what_failed(shop):
    build = read_build(shop.broken)
    found = {unique_id: build_problem(build, shop.manifest, unique_id) for unique_id in shop.manifest.nodes}
    assert {unique_id: problem for unique_id, problem in found.items() if problem} == {
        USERS: "test `unique_iterable_users_id` on `iterable_users` ended as `fail` in the last dbt run",
        "model.shop.customers.v2": "model `customers` ended as `error` in the last dbt run",
        "snapshot.shop.customers_history": "snapshot `customers_history` ended as `skipped` in the last dbt run",
    }


@pytest.mark.parametrize(
    ("statuses", "speaks"),
    [
        ({USERS: "success", ERROR_TEST: "pass"}, False),
        ({USERS: "partial success"}, True),
        ({USERS: "runtime error"}, True),
        ({USERS: "success", ERROR_TEST: "error"}, True),
        ({USERS: "success", ERROR_TEST: "skipped"}, True),
        ({USERS: "success", ERROR_TEST: "warn"}, False),
        ({USERS: "success", WARN_TEST: "error"}, False),
        ({USERS: "success", WARN_TEST: "skipped"}, False),
        ({"model.shop.stg_orders": "error"}, False),
        ({}, False),
    ],
)
def test_only_the_model_and_its_error_tests_count(shop, statuses, speaks):
    assert bool(build_problem(Build(statuses=statuses), shop.manifest, USERS)) is speaks


def test_no_run_results_are_an_empty_build(shop, tmp_path):
    (tmp_path / "dbt_project.yml").touch()
    assert read_build(locate(tmp_path, None, None, {})) == Build()


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"results": {}}), "[" * 100_000])
def test_broken_run_results(tmp_path, content):
    (tmp_path / "run_results.json").write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_build(locate(None, None, tmp_path / "manifest.json", {}))
    assert caught.value.code == "broken-run-results"
