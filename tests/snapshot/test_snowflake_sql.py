"""What Snowflake refuses, or does otherwise, and a local server lets pass: no statement of ours has it."""

from __future__ import annotations

import re

import pytest

from reverse_etl.iterable.identity import EMAIL
from reverse_etl.warehouses.snowflake.dialect import SnowflakeDialect
from tests.snapshot.scenes import SCENES
from tests.snapshot.test_golden_sql import DIALECTS, STATEMENTS

DIALECT = SnowflakeDialect()
SQL = {
    **{name: make(DIALECTS["snowflake"]) for name, make in STATEMENTS.items()},
    **{f"{name} {place}": sql for name, scene in SCENES.items() for place, sql in enumerate(scene(DIALECT))},
}


def faults(sql: str) -> list[str]:
    """Shapes that its documents or its users' reports name."""
    found = ["INSERT of VALUES: they take constants alone"] if re.search(r"INSERT INTO [^;]*?\) VALUES", sql) else []
    found = [] if sql.startswith("MERGE") else found
    found += (
        ["a class of a class beside an escape: it is not documented"]
        if re.search(r"\[[^]]*\\\\?s[^]]*\[:", sql)
        else []
    )
    return found


@pytest.mark.parametrize("name", SQL)
def test_statement_has_nothing_that_snowflake_refuses(name):
    assert faults(SQL[name]) == []


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t (a) VALUES (CAST(? AS TIMESTAMP_NTZ(9)))",
        r"SELECT REGEXP_LIKE(x, '[^@\\s[:cntrl:]]+')",
    ],
)
def test_wrong_shape_is_refused_by_name(sql):
    assert len(faults(sql)) == 1


def test_objects_whose_keys_changed_places_are_equal():
    """The order of the keys in an object's text is not predictable."""
    json = DIALECT.differs("m.v", "s.v", json=True)
    assert json == (
        "m.v IS DISTINCT FROM s.v AND NOT coalesce(TO_JSON(TRY_PARSE_JSON(m.v)) = TO_JSON(TRY_PARSE_JSON(s.v)), FALSE)"
    )
    assert DIALECT.differs("m.v", "s.v") == "m.v IS DISTINCT FROM s.v"


def test_classes_of_an_address_are_plain_posix():
    assert r"\s" not in EMAIL
