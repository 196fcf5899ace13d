"""The warehouse contract on a local BigQuery through Google's own client: the adapter, identities, samples."""

from __future__ import annotations

import pytest

from tests.contracts.row_identity import RowIdentityContract
from tests.contracts.table_versions import TableVersionsContract
from tests.contracts.text_samples import TextSamplesContract
from tests.contracts.warehouse import SCHEMA, AdapterContract
from tests.warehouses.bigquery.bigquery_types import ODD_NAMES, TYPES
from tests.warehouses.bigquery.on_bigquery import ACCOUNT, LIVE, LOCAL, OnBigQuery

UNTYPED = {name: TYPES[name] for name in ("json", "geography", "interval")}


def test_account_of_ones_own():
    if LOCAL:
        pytest.skip(f"{LIVE}PROJECT names no project: these tests ran on bqemulator, not on BigQuery")
    assert "api_endpoint" not in ACCOUNT


class TestAdapter(OnBigQuery, AdapterContract):
    SERIES = "SELECT i FROM UNNEST(GENERATE_ARRAY(0, 9999)) AS i"

    def test_type_is_known_by_its_kind(self, warehouse, typed, request):
        if LOCAL and typed in UNTYPED.values():
            reason = "the catalog of bqemulator has no type JSON, GEOGRAPHY or INTERVAL"
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
        super().test_type_is_known_by_its_kind(warehouse, typed)

    def test_missing_relation_in_a_query_is_named(self, warehouse):
        """Of a table in a dataset that is not there, bqemulator says that a right is missing."""
        warehouse.create_schema(SCHEMA)
        assert warehouse.columns(warehouse.table(SCHEMA, "nowhere")) is None
        super().test_missing_relation_in_a_query_is_named(warehouse)

    def test_create_schema_twice_is_harmless(self, warehouse):
        for _ in range(2):
            warehouse.create_schema(SCHEMA)
        assert warehouse.columns(warehouse.table(SCHEMA, "nowhere")) is None

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_odd_names_are_quoted(self, warehouse, name):
        warehouse.create_schema(SCHEMA)
        table, quoted = warehouse.table(SCHEMA, "select"), warehouse.dialect.quote(name)
        warehouse.execute(f"CREATE TABLE {table} ({quoted} INT64)")
        warehouse.execute(f"INSERT INTO {table} ({quoted}) VALUES (1)")
        assert [column.name for column in warehouse.columns(table)] == [name]
        assert warehouse.query(f"SELECT {quoted} FROM {table}") == [(1,)]


class TestIdentifying(OnBigQuery, RowIdentityContract):
    empty_array = "CAST([] AS ARRAY<STRING>)"


class TestVersions(OnBigQuery, TableVersionsContract):
    pass


class TestSampling(OnBigQuery, TextSamplesContract):
    pass
