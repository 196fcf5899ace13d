"""The warehouse contract on bigquery: each type as the identifier of each object."""

from __future__ import annotations

from typing import ClassVar

import pytest

from reverse_etl.snapshot.sql.identifier_text import identifier_text, is_unfit
from reverse_etl.warehouses.columns import Column, ColumnKind
from tests.contracts.identifier_types import HELD, REFUSED, IdentifierTypesContract
from tests.warehouses.bigquery.on_bigquery import OnBigQuery

# The catalog of the local server has no type JSON, so these are not among the columns of a table.
JSONS = {
    "json_text": ("JSON '\"jo\"'", "jo"),
    "json_whole": ("JSON '101'", "101"),
    "json_part": ("JSON '101.5'", HELD),
    "json_null": ("JSON 'null'", None),
    "json_true": ("JSON 'true'", HELD),
    "json_object": ("JSON '{\"a\": 1}'", HELD),
    "json_array": ("JSON '[1]'", HELD),
}


class TestIdentifierTypes(OnBigQuery, IdentifierTypesContract):
    IDENTIFIERS: ClassVar = {
        "plain_text": ("'jo'", "jo"),
        "whole": ("101", "101"),
        "numeric_whole": ("CAST(101 AS NUMERIC)", "101"),
        "numeric_part": ("CAST('101.5' AS NUMERIC)", HELD),
        "numeric_null": ("CAST(NULL AS NUMERIC)", None),
        "double_whole": ("CAST(101 AS FLOAT64)", "101"),
        "double_part": ("CAST(0.5 AS FLOAT64)", HELD),
        "double_inexact": ("CAST(1e17 AS FLOAT64)", HELD),
        "boolean": ("TRUE", REFUSED),
        "date": ("DATE '2026-01-01'", REFUSED),
        "time": ("TIME '10:00:00'", REFUSED),
        "datetime": ("DATETIME '2026-01-01 00:00:00'", REFUSED),
        "timestamp": ("TIMESTAMP '2026-01-01 00:00:00+00'", REFUSED),
        "list": ("['a']", REFUSED),
        "struct": ("STRUCT(1 AS a)", REFUSED),
        "bytes": ("B'a'", REFUSED),
    }

    @pytest.mark.parametrize("name", JSONS)
    def test_json_in_the_place_of_an_identifier(self, harness, name):
        value, expected = JSONS[name]
        dialect = harness.warehouse.dialect
        text = identifier_text(dialect, Column("x", "JSON", ColumnKind.JSON))
        [(found, unfit)] = harness.warehouse.query(
            f"SELECT t, {is_unfit(dialect, 't')} FROM (SELECT {text} AS t FROM (SELECT {value} AS x))"
        )
        assert (HELD if unfit else found) == expected
