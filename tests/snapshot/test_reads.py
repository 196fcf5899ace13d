"""How often the statements of a comparison and its plan read the model, and the values of the sync snapshot."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import pytest
import sqlglot
from sqlglot import exp

from reverse_etl.sync import Sync
from tests.snapshot.scenes import KEYED, SCENES, SYNC, Scene, compare_and_plan
from tests.snapshot.test_golden_sql import DIALECTS

MODEL, SNAPSHOT = "users", "snapshot__"
each_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def reads(statements: Sequence[str], dialect: str) -> Counter[str]:
    """Count how often `model` and `values` of the sync snapshot are read. A count of all rows reads no column."""
    found: Counter[str] = Counter()
    for sql in statements:
        for tree in sqlglot.parse(sql, dialect=dialect):
            if tree is not None:
                found += _reads_of(tree)
    return found


def _reads_of(tree: exp.Expression) -> Counter[str]:
    named = {cte.alias: cte for cte in tree.find_all(exp.CTE)}
    computed: set[str] = set()

    def of(part: exp.Expression) -> Counter[str]:
        tables = (table for table in part.find_all(exp.Table) if table.find_ancestor(exp.CTE) in (None, part))
        return sum(map(of_table, tables), Counter())

    def of_table(table: exp.Table) -> Counter[str]:
        if table.db or table.name not in named:
            return _column_reads(table)
        query = named[table.name]
        if table.name in computed:
            return Counter()
        computed.update([table.name] if query.args.get("materialized") else [])
        return of(query)

    return of(tree)


def _column_reads(table: exp.Table) -> Counter[str]:
    select = table.find_ancestor(exp.Select)
    if select is None or _only_counts(table):
        return Counter()
    if table.name == MODEL:
        return Counter(["model"])
    return Counter(["values"] if table.name.startswith(SNAPSHOT) and "v_" in select.sql() else [])


def _only_counts(table: exp.Table) -> bool:
    select = table.find_ancestor(exp.Select)
    return select is not None and re.fullmatch(r"SELECT COUNT\(\*\) FROM \S+", select.sql()) is not None


def told(dialect: str, sync: Sync = SYNC, candidates: int = 10) -> list[str]:
    scene = Scene(DIALECTS[dialect].dialect, known=True, sync=sync)
    scene.warehouse.candidates = candidates
    compare_and_plan(scene)
    return scene.warehouse.told


@each_dialect
def test_quiet_comparison_reads_the_model_once(dialect):
    statements = SCENES["quiet_comparison"](DIALECTS[dialect].dialect)
    assert reads(statements, dialect) == {"model": 1}


@each_dialect
@pytest.mark.parametrize("sync", [SYNC, KEYED], ids=["plain", "keyed"])
def test_first_statement_names_no_value_of_the_sync_snapshot(dialect, sync):
    first = next(sql for sql in told(dialect, sync) if "candidates" in sql)
    entries = next(cte for cte in sqlglot.parse_one(first, dialect=dialect).find_all(exp.CTE) if cte.alias == "entries")
    assert "v_" not in entries.sql()


@each_dialect
@pytest.mark.parametrize("sync", [SYNC, KEYED], ids=["plain", "keyed"])
def test_comparison_and_plan_read_the_model_twice(dialect, sync):
    found = reads(told(dialect, sync), dialect)
    assert (found["model"], found["values"]) == (2, 1)


@each_dialect
def test_more_reads_would_be_seen(dialect):
    named = "WITH model AS (SELECT a FROM marts.users), e AS (SELECT v_a FROM s.snapshot__x)"
    sql = f"{named} SELECT 1 FROM model, e, model AS m WHERE 1 = (SELECT count(*) FROM marts.users)"
    assert reads([sql], dialect) == {"model": 2, "values": 1}
