"""The SQL of a representative sync, word for word; REVERSE_ETL_REWRITE_SNAPSHOTS=1 writes the files anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlglot

from reverse_etl.snapshot.diff import Diff
from reverse_etl.snapshot.lease import OpenRun
from reverse_etl.snapshot.merge import Merge
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.sampling import sampling
from reverse_etl.snapshot.shape import Stored, shape_of
from reverse_etl.snapshot.tables import REMOVALS_FROM, Tables
from reverse_etl.sync import Field, Sync
from reverse_etl.warehouses.base import Column, ColumnKind
from reverse_etl.warehouses.duckdb import DuckDBDialect
from tests.contracts.trial import RULE

FOLDER = Path(__file__).parents[1] / "snapshots" / "duckdb"
REWRITE = os.environ.get("REVERSE_ETL_REWRITE_SNAPSHOTS") == "1"

TABLES = Tables("s", "users", "s.snapshot__users", "s.lease__users", "s.rejections", "s.runs", "plan__users__")
COLUMNS = (
    Column("email", "VARCHAR", ColumnKind.TEXT),
    Column("id", "BIGINT", ColumnKind.INTEGER),
    Column("First Name", "VARCHAR", ColumnKind.TEXT),
    Column("spent", "DECIMAL(38,2)", ColumnKind.DECIMAL),
    Column("tags", "VARCHAR[]", ColumnKind.ARRAY, ColumnKind.TEXT),
)
FIELDS = (
    Field("firstName", "First Name"),
    Field("spent", "spent", nulls="skip"),
    Field("tags", "tags"),
    Field("source", None, constant="it's"),
)


def diff(*, keyed: bool, retyped: bool = False, first: bool = False) -> Diff:
    keys = ("id",) if keyed else ()
    sync = Sync("users", "users", "m", "marts.users", "f", "users", "upsert", "d", {"email": "email"}, keys, FIELDS)
    shape = shape_of(sync, RULE, COLUMNS, DuckDBDialect())
    columns = {value.name: value.type for value in shape.values}
    if retyped:
        columns[shape.values[1].name] = "VARCHAR"
    stored = Stored({} if first else columns, has_rejections=not first)
    return Diff(DuckDBDialect(), TABLES, shape, stored, acts_on_removed=True)


def merge(*, keyed: bool) -> str:
    run = OpenRun(7, REMOVALS_FROM + 5, Ranges([(0, 1000), (2000, 3000)]))
    shape = diff(keyed=keyed).shape
    keys, values = [key.name for key in shape.keys], [value.name for value in shape.values]
    made = Merge(DuckDBDialect(), TABLES, "s.plan__users__7", keys, values, [values[1]], ["v_old"])
    return made.sql(run, Ranges([(3000, 4000)]))


def sampled() -> str:
    shape = diff(keyed=False).shape
    return sampling(DuckDBDialect(), shape.relation, shape.values[:1], ["[0-9]{4}-.*", "it's"], 10_000)


STATEMENTS = {
    "counts": lambda: diff(keyed=False).counts(),
    "counts_keyed": lambda: diff(keyed=True).counts(),
    "counts_retyped": lambda: diff(keyed=False, retyped=True).counts(),
    "plan_first": lambda: diff(keyed=False, first=True).plan("s.plan__users__7"),
    "plan": lambda: diff(keyed=False).plan("s.plan__users__7"),
    "plan_keyed": lambda: diff(keyed=True).plan("s.plan__users__7"),
    "merge": lambda: merge(keyed=False),
    "merge_keyed": lambda: merge(keyed=True),
    "sampling": sampled,
}
each_statement = pytest.mark.parametrize("name", STATEMENTS)


def pretty(sql: str) -> str:
    """A clause a line, so that a difference can be read."""
    for word in ("FROM (", "LEFT JOIN", "FULL OUTER JOIN", "UNION ALL", "WHEN MATCHED", "WHEN NOT MATCHED"):
        sql = sql.replace(f" {word}", f"\n{word}")
    return sql.replace("MATERIALIZED (", "MATERIALIZED (\n").replace("), ", "),\n") + "\n"


@each_statement
def test_statement_is_as_it_was(name):
    path = FOLDER / f"{name}.sql"
    if REWRITE:
        path.write_text(pretty(STATEMENTS[name]()), encoding="utf-8")
    assert pretty(STATEMENTS[name]()) == path.read_text(encoding="utf-8")


@each_statement
def test_statement_is_one_of_its_dialect(name):
    assert len(sqlglot.parse(STATEMENTS[name](), dialect="duckdb")) == 1


def test_every_file_is_of_a_statement():
    assert {path.stem for path in FOLDER.glob("*.sql")} == set(STATEMENTS)
