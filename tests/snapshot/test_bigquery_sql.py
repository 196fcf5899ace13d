"""What BigQuery refuses and a local server lets pass: no statement of ours has it."""

from __future__ import annotations

import re

import pytest
import sqlglot
from sqlglot import exp

from reverse_etl.snapshot.sql.type_changes import cast_of
from reverse_etl.warehouses.bigquery.dialect import BigQueryDialect
from tests.snapshot.scenes import SCENES
from tests.snapshot.test_golden_sql import DIALECTS, STATEMENTS

DIALECT = BigQueryDialect()
[RETYPED] = DIALECT.retype("s.t", {name: ("INT64", cast_of(DIALECT, name, "INT64")) for name in ("v", "w")})
SQL = {
    **{name: make(DIALECTS["bigquery"]) for name, make in STATEMENTS.items()},
    **{f"{name} {place}": sql for name, scene in SCENES.items() for place, sql in enumerate(scene(DIALECT))},
    "retype": RETYPED,
}

# What depends on a time zone, and on the project's where none is said.
ZONED = (
    *(exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.Date, exp.Datetime, exp.Extract, exp.TimeToStr),
    *(exp.Timestamp, exp.TimestampTrunc, exp.TsOrDsToDatetime),
)


def faults(sql: str) -> list[str]:
    """What BigQuery would not take, by its documentation of the query syntax and of DML."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, dialect="bigquery") if tree is not None]
    except sqlglot.ParseError as error:
        return [str(error)]
    return [fault for tree in trees for fault in faults_of(tree, sql)]


def faults_of(tree: exp.Expression, sql: str) -> list[str]:
    """The ones of one statement of a job."""
    # A named query is not allowed in a recursive one, nor UNION DISTINCT; and a view's own queries count.
    recursive = [one for one in tree.find_all(exp.With) if one.args.get("recursive")]
    found = [f"WITH RECURSIVE, which may read no view that has a WITH: {one}" for one in recursive]
    found += [
        f"WHERE without FROM: {one}" for one in tree.find_all(exp.Select) if _has(one, "where") and not _from(one)
    ]
    found += ["VALUES in FROM"] if "(VALUES" in sql else []
    whole = [one for one in tree.find_all(exp.Update, exp.Delete) if not isinstance(one.parent, exp.When)]
    found += [f"no WHERE: {one}" for one in whole if not _has(one, "where")]
    found += ["a hint on a named query" for one in tree.find_all(exp.CTE) if one.args.get("materialized") is not None]
    found += [f"type {kind}" for kind in ("VARCHAR", "TEXT", "DOUBLE", "TIMESTAMPTZ") if f" {kind}" in sql]
    found += [f"the project's time zone: {one}" for one in tree.find_all(*ZONED) if not _in_utc(one)]
    for one in tree.find_all(exp.In):
        query = one.args.get("query")
        if query is not None and len(query.find(exp.Select).expressions) != 1:
            found.append(f"IN a query of several columns: {one}")
    for one in tree.find_all(exp.Join):
        if one.side == "FULL" and not one.args["on"].find(exp.EQ):
            found.append(f"FULL JOIN without an equality: {one}")
    return found


def _in_utc(one: exp.Expression) -> bool:
    return any(part.is_string and part.this == "UTC" for part in one.iter_expressions())


def _has(tree: exp.Expression, part: str) -> bool:
    return tree.args.get(part) is not None


def _from(select: exp.Select) -> bool:
    return _has(select, "from") or _has(select, "from_")


@pytest.mark.parametrize("name", SQL)
def test_statement_has_nothing_that_is_refused(name):
    assert faults(SQL[name]) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 WHERE TRUE",
        "SELECT a FROM (VALUES (1)) AS t (a)",
        "SELECT a FROM t UNION SELECT a FROM u",
        "UPDATE t SET a = 1",
        "WITH q AS MATERIALIZED (SELECT 1 AS a) SELECT a FROM q",
        "SELECT a FROM t WHERE (a, b) IN (SELECT a, b FROM u)",
        "SELECT CAST(a AS VARCHAR) FROM t",
        "SELECT 1 FROM t FULL OUTER JOIN u ON t.a > u.a",
        "SELECT DATETIME(CURRENT_TIMESTAMP())",
        "SELECT UNIX_MICROS(TIMESTAMP(a)) FROM t",
        "SELECT CURRENT_DATE()",
    ],
)
def test_what_is_refused_is_found(sql):
    assert faults(sql)


def test_plan_expires_and_tables_are_clustered():
    assert " DEFAULT COLLATE '' CLUSTER BY ordinal OPTIONS (expiration_timestamp = " in SQL["plan"]
    assert DIALECT.table_options("identity") == (layout := " DEFAULT COLLATE '' CLUSTER BY identity")
    assert SQL["retype"].startswith(f"CREATE OR REPLACE TABLE s.t{layout} AS SELECT * REPLACE (")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("counts", ["candidates", "suspects"]),
        ("plan", ["candidates", "suspects"]),
        ("plan_first", []),
        ("counts_keyed", ["candidates", "suspects"]),
        ("plan_keyed", ["candidates", "suspects"]),
    ],
)
def test_what_is_read_more_than_once_is_written_first(name, written):
    """In tables of one session, which are gone with it."""
    *first, last = SQL[name].split("; ")
    form = r"CREATE OR REPLACE TEMP TABLE reverse_etl_temp__(\w+) AS WITH model AS \("
    assert [re.match(form, one)[1] for one in first] == written
    assert not any(f"{title} AS (" in last for title in written)


def test_columns_get_their_new_types_in_one_statement():
    """A table's metadata may change five times in ten seconds."""
    tree = sqlglot.parse_one(RETYPED, dialect="bigquery")
    [star] = tree.find_all(exp.Star)
    assert [one.alias for one in star.args["replace"]] == ["v", "w"]
    assert DIALECT.retype("s.t", {}) == []


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE c AS ((SELECT 1 AS a) UNION ALL SELECT * FROM c WHERE FALSE) SELECT a FROM c",
        "WITH RECURSIVE c AS (SELECT 1 AS a UNION DISTINCT SELECT a FROM c) SELECT a FROM c",
    ],
)
def test_recursion_is_refused_by_name(sql):
    assert any(fault.startswith("WITH RECURSIVE") for fault in faults(sql))
