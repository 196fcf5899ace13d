"""What every warehouse must do, by name, and the tests of it; each test must exist."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from reverse_etl.warehouses import WAREHOUSES

HERE = Path(__file__).parent
CONTRACTS = HERE.parent / "contracts"
CLASSES = {
    "AdapterContract",
    "CommitsContract",
    "ChangeDetectionContract",
    "QuarantineContract",
    "IdentifierTypesContract",
    "RowIdentityContract",
    "KeysContract",
    "LeasesContract",
    "DefinitionChangesContract",
    "TextSamplesContract",
    "SentValuesContract",
}

# By the contracts, and thus on every warehouse.
SHARED: Mapping[str, tuple[str, ...]] = {
    "first run adds all": ("change_detection.py::test_first_run_adds_everything",),
    "no change sends nothing": (
        "change_detection.py::test_no_change_plans_nothing",
        "change_detection.py::test_run_without_a_change_costs_a_fixed_number_of_statements",
    ),
    "one field changed is one changed row with that field named": (
        "change_detection.py::test_one_changed_column_is_one_changed_row_with_that_field",
    ),
    "removed seen": ("change_detection.py::test_removed_row_is_seen_and_planned_last",),
    "leave and come back": ("change_detection.py::test_row_that_leaves_and_comes_back_is_added_again",),
    "NULL against empty": ("change_detection.py::test_null_is_not_the_empty_text",),
    "composite key": (
        "change_detection.py::test_composite_key_without_change_plans_nothing",
        "row_identity.py::test_parts_of_an_identity_are_never_taken_for_each_other",
    ),
    "null and duplicate keys": (
        "change_detection.py::test_null_key_is_invalid_and_removes_nothing",
        "change_detection.py::test_duplicate_key_holds_all_its_rows_back",
        "change_detection.py::test_null_identity_is_invalid",
        "change_detection.py::test_rows_with_one_identity_are_all_held_back",
    ),
    "mixed-case and reserved names": (
        "change_detection.py::test_odd_column_names",
        "change_detection.py::test_identity_column_may_have_an_odd_case",
        "warehouse.py::test_odd_names_are_quoted",
    ),
    "every type round trip": (
        "change_detection.py::test_type_round_trip",
        "warehouse.py::test_type_is_known_by_its_kind",
        "sent_values.py::test_type_is_sent_as_json_or_refused",
    ),
    "what cannot be sent": ("sent_values.py::test_type_that_cannot_be_sent_is_refused_with_what_to_write_instead",),
    "mapping field added": ("definition_changes.py::test_added_field_resends_rows_where_it_is_not_null",),
    "mapping field renamed": ("definition_changes.py::test_renamed_field_resends_rows_where_it_is_not_null",),
    "mapping field dropped": ("definition_changes.py::test_dropped_field_resends_nothing",),
    "mapping field retyped": ("definition_changes.py::test_retyped_column_resends_rows_that_differ",),
    "model column gone": (
        "definition_changes.py::test_missing_column_is_named_with_the_nearest_one",
        "definition_changes.py::test_column_that_goes_between_look_and_plan_stops_the_run",
    ),
    "two runs at once": ("leases.py::test_only_one_acquires", "leases.py::test_fenced_run_changes_nothing"),
    "recovery after each kill point": ("commits.py::test_crash_loses_nothing",),
    "streaming": ("warehouse.py::test_batches_stream_every_row_once",),
    "close twice": ("warehouse.py::test_unlock_and_close_twice_are_harmless",),
    "costs": ("warehouse.py::test_what_statements_cost_is_told_by_sync_and_step",),
}

# What each warehouse breaks in a way of its own: by warehouse, the tests next to this file.
OWN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "session time zone, locale and number format do not matter": {
        "bigquery": ("test_bigquery_jobs.py::test_every_job_carries_labels_and_the_limits_of_the_profile",),
        "duckdb": ("test_duckdb.py::test_session_time_zone_locale_and_number_format_do_not_matter",),
        "postgres": (
            "test_postgres_values.py::test_session_does_not_matter",
            "test_postgres_values.py::test_locale_and_number_format_do_not_matter",
        ),
        "snowflake": ("test_snowflake_faults.py::test_session_is_told_what_texts_and_comparisons_depend_on",),
    },
    "permission missing": {
        "bigquery": (
            "test_bigquery_refusals.py::test_denied_names_the_right_and_the_grant",
            "test_bigquery_faults.py::test_missing_right_is_named_with_its_statement_and_its_grant",
        ),
        "duckdb": ("test_duckdb_refusals.py::test_missing_right_is_named_with_its_statement",),
        "postgres": ("test_postgres_refusals.py::test_each_missing_right_is_named_and_its_hint_grants_it",),
        "snowflake": ("test_snowflake_faults.py::test_missing_right_is_named_with_the_statement_and_the_grant",),
    },
    "connection lost while reading, while loading, while committing": {
        "bigquery": (
            "test_bigquery_faults.py::test_connection_lost_between_two_pages_is_told",
            "test_bigquery_faults.py::test_load_that_loses_its_connection_leaves_nothing_behind",
            "test_bigquery_faults.py::test_connection_lost_at_a_statement_loses_nothing",
        ),
        "duckdb": tuple(f"test_duckdb_refusals.py::test_while_{step}" for step in ("reading", "loading", "committing")),
        "postgres": tuple(
            f"test_postgres_refusals.py::test_while_{step}" for step in ("reading", "loading", "committing")
        ),
        "snowflake": ("test_snowflake_faults.py::test_connection_lost_in_the_middle_loses_nothing",),
    },
    "streaming with bounded memory": {
        "bigquery": ("test_bigquery_jobs.py::test_pages_are_never_held_as_a_whole",),
        "duckdb": ("test_duckdb.py::test_streamed_table_is_never_held_as_a_whole",),
        "postgres": (
            "test_postgres.py::test_a_million_rows_of_seven_columns_take_less_than_400_megabytes",
            "test_postgres_refusals.py::test_stream_is_never_read_ahead",
        ),
        "snowflake": ("test_snowflake.py::test_stream_is_never_read_ahead",),
    },
    "secrets never printed, also not in the driver's own errors": {
        "bigquery": ("test_bigquery_jobs.py::test_secrets_are_in_no_error",),
        "duckdb": ("test_duckdb_refusals.py::test_database_that_is_not_opened_shows_no_token",),
        "postgres": ("test_postgres.py::test_wrong_password_is_told_without_it",),
        "snowflake": ("test_snowflake_faults.py::test_wrong_password_is_tried_once_and_never_told",),
    },
}


@cache
def named_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def bases(warehouse: str) -> Iterator[tuple[str, str]]:
    """Each contract that a test class of a warehouse inherits, and the class."""
    for path in HERE.rglob(f"test_{warehouse}*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield from ((base.id, node.name) for base in node.bases if isinstance(base, ast.Name))


def test_every_contract_of_warehouses_is_known():
    files = {
        "warehouse",
        "change_detection",
        "definition_changes",
        "commits",
        "quarantine",
        "identifier_types",
        "row_identity",
        "leases",
        "text_samples",
        "sent_values",
    }
    found = {
        node.name
        for name in files
        for node in ast.parse((CONTRACTS / f"{name}.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Contract")
    }
    assert found == CLASSES


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_every_warehouse_is_held_to_every_contract(warehouse):
    assert CLASSES - {base for base, _ in bases(warehouse)} == set()


@pytest.mark.parametrize("name", SHARED)
def test_what_holds_it_is_there(name):
    for place in SHARED[name]:
        file, _, test = place.partition("::")
        assert test in named_in(CONTRACTS / file), place


@pytest.mark.parametrize("name", OWN)
def test_what_holds_each_warehouse_to_it_is_there(name):
    assert set(OWN[name]) == set(WAREHOUSES)
    for places in OWN[name].values():
        for file, _, test in (place.partition("::") for place in places):
            assert test in named_in(next(HERE.rglob(file))), test
