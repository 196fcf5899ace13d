"""What DuckDB's types hold, by their names in each of its versions."""

from __future__ import annotations

import duckdb
import pytest

from reverse_etl.warehouses.columns import ColumnKind
from reverse_etl.warehouses.duckdb.dialect import column_of, kind_of


@pytest.mark.parametrize(
    "name",
    [
        "STRUCT(INTEGER, VARCHAR)",
        "STRUCT(DECIMAL(10,2), VARCHAR)",
        "STRUCT(TIMESTAMP WITH TIME ZONE)",
        "STRUCT(a STRUCT(INTEGER, VARCHAR))",
        "STRUCT(INTEGER[])",
        "MAP(VARCHAR, STRUCT(INTEGER))",
        "TUPLE(INTEGER, VARCHAR)",
        "STRUCT(a TUPLE(INTEGER))",
    ],
)
def test_members_without_names_make_no_object(name: str) -> None:
    assert kind_of(name) is ColumnKind.OTHER
    assert column_of("x", f"{name}[]").kind is ColumnKind.OTHER


@pytest.mark.parametrize(
    "name",
    [
        "STRUCT(a INTEGER, b VARCHAR)",
        'STRUCT("integer" INTEGER)',
        "STRUCT(a TIMESTAMP WITH TIME ZONE)",
        "STRUCT(a STRUCT(b INTEGER)[])",
        'STRUCT("a, b" DECIMAL(10,2))',
    ],
)
def test_members_with_names_make_one(name: str) -> None:
    assert kind_of(name) is ColumnKind.OBJECT
    assert duckdb.sql(f"SELECT typeof(CAST(NULL AS {name}))").fetchall() == [(name,)]


def test_this_version_says_it_in_a_way_that_is_known() -> None:
    [(name,)] = duckdb.sql("SELECT typeof(row(1, 'a'))").fetchall()
    assert kind_of(name) is ColumnKind.OTHER
