"""What Snowflake refuses, or does otherwise, and a local server lets pass: no statement of ours has it."""

from __future__ import annotations

import re

import pytest
import sqlglot
from sqlglot import exp

from reverse_etl.destinations.iterable.identity import EMAIL
from reverse_etl.warehouses.snowflake.dialect import SnowflakeDialect
from tests.snapshot.scenes import SCENES
from tests.snapshot.test_golden_sql import DIALECTS, STATEMENTS

DIALECT = SnowflakeDialect()
SQL = {
    **{name: make(DIALECTS["snowflake"]) for name, make in STATEMENTS.items()},
    **{f"{name} {place}": sql for name, scene in SCENES.items() for place, sql in enumerate(scene(DIALECT))},
}


# What is expensive, and may be computed several times if several queries read it by its name.
DEAR = ("candidates", "suspects")


def read_again(sql: str) -> list[str]:
    """Named queries that read a model and that are read more than once."""
    found = []
    for tree in sqlglot.parse(sql, dialect="snowflake"):
        tables = [table.name.lower() for table in tree.find_all(exp.Table) if not table.db]
        named = {one.alias.lower() for one in tree.find_all(exp.CTE)}
        found += [title for title in DEAR if title in named and tables.count(title) > 1]
    return found


def faults(sql: str) -> list[str]:
    """Shapes that its documents or its users' reports name."""
    found = ["INSERT of VALUES: they take constants alone"] if re.search(r"INSERT INTO [^;]*?\) VALUES", sql) else []
    found = [] if sql.startswith("MERGE") else found
    found += (
        ["a class of a class beside an escape: it is not documented"]
        if re.search(r"\[[^]]*\\\\?s[^]]*\[:", sql)
        else []
    )
    again = [] if sql.startswith(("ALTER", "DELETE")) else read_again(sql)
    return found + [f"`{title}` is read more than once: nothing promises that it is computed once" for title in again]


@pytest.mark.parametrize("name", SQL)
def test_statement_has_nothing_that_snowflake_refuses(name):
    assert faults(SQL[name]) == []


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t (a) VALUES (CAST(? AS TIMESTAMP_NTZ(9)))",
        r"SELECT REGEXP_LIKE(x, '[^@\\s[:cntrl:]]+')",
        "WITH candidates AS (SELECT 1 AS n) SELECT n FROM candidates UNION ALL SELECT count(*) FROM candidates",
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


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("make", ["counts", "plan", "samples", "sendable"])
def test_what_is_read_more_than_once_is_written_first(make, keyed):
    """To tables that only the session can see, in the schema of the model."""
    diff = DIALECTS["snowflake"].diff(keyed=keyed)
    made = getattr(diff, make)(*{"plan": ["s.plan"], "samples": [3]}.get(make, []))
    exact = "DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = ''"
    form = rf"CREATE OR REPLACE TEMPORARY TABLE (\S+) {exact} AS WITH "
    written = [re.match(form, one)[1] for one in made.first]
    assert written == [f"marts.reverse_etl__{title}" for title in DEAR]
    assert written[0] in made.last
    assert not any(read_again(one) for one in (*made.first, made.last))


@pytest.mark.parametrize("keyed", [False, True])
def test_plain_form_is_the_one_that_is_refused_by_name(keyed):
    """It remains for a role that cannot create a temporary table."""
    diff = DIALECTS["snowflake"].diff(keyed=keyed)
    plain = diff.easier("permission-denied")
    assert plain.counts().first == ()
    assert read_again(str(plain.counts())) == list(DEAR if keyed else DEAR[:1])
    assert "`candidates` is read more than once" in faults(str(plain.counts()))[0]
    assert plain.easier("permission-denied") is None


@pytest.mark.parametrize("first", [False, True])
def test_plan_is_stored_in_the_order_in_which_it_is_read(first):
    assert DIALECTS["snowflake"].diff(first=first).plan("s.plan").last.endswith(" ORDER BY ordinal")


def test_temporary_table_hides_no_table_of_somebody_else():
    """It would be read in its place."""
    named = [SnowflakeDialect(session).temporary_name("candidates", '"A.B"."C"."users"') for session in ("1a", "2b")]
    assert named == ['"A.B"."C".reverse_etl_1a_candidates', '"A.B"."C".reverse_etl_2b_candidates']


def test_columns_get_their_new_types_in_one_statement():
    [sql] = DIALECT.retype("s.t", {"v": ("NUMBER(38,0)", "a"), "w": ("DATE", "b")})
    assert "SELECT * REPLACE (CAST(a AS NUMBER(38,0)) AS v, CAST(b AS DATE) AS w) FROM s.t" in sql
