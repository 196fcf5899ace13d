"""The SQL of a sync in every dialect, word for word; REVERSE_ETL_REWRITE_SNAPSHOTS=1 writes the files again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from reverse_etl.run.baseline.trust import until_condition
from reverse_etl.run.baseline.until import parse_until
from reverse_etl.snapshot.columns.layout_builder import build_layout
from reverse_etl.snapshot.columns.recent_rows import GrowingColumn
from reverse_etl.snapshot.columns.row_layout import RowLayout, StoredTables
from reverse_etl.snapshot.columns.text_samples import pattern_query
from reverse_etl.snapshot.lease import OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.snapshot_reader import SnapshotReader
from reverse_etl.snapshot.sql.commit.merge import WHOLE, Merge
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.snapshot.sql.plan.first_diff import FirstDiff
from reverse_etl.snapshot.sql.value_changes import ChangedValues
from reverse_etl.snapshot.tables import REMOVALS_FROM, Tables
from reverse_etl.sync import Field, RowOrder, Sync
from reverse_etl.warehouses.base import ResultRow
from reverse_etl.warehouses.bigquery.dialect import BigQueryDialect
from reverse_etl.warehouses.columns import Column, ColumnKind
from reverse_etl.warehouses.dialect import Dialect
from reverse_etl.warehouses.duckdb import DuckDBDialect
from reverse_etl.warehouses.postgres.dialect import PostgresDialect
from reverse_etl.warehouses.snowflake.dialect import SnowflakeDialect
from tests.contracts.sync_harness import RULE
from tests.snapshot.recorder import Recorder
from tests.snapshot.scenes import SCENES, SYNC

FOLDER = Path(__file__).parents[1] / "snapshots"
REWRITE = os.environ.get("REVERSE_ETL_REWRITE_SNAPSHOTS") == "1"

TABLES = Tables("s", "users", "s.snapshot__users", "s.lease__users", "s.rejections", "s.runs", "plan__users__")
FIELDS = (
    Field("firstName", "First Name"),
    Field("spent", "spent", nulls="skip"),
    Field("tags", "tags"),
    Field("source", None, constant="it's"),
)


def columns(text: str, number: str, texts: str) -> Sequence[Column]:
    return (
        Column("email", text, ColumnKind.TEXT),
        Column("id", "BIGINT", ColumnKind.INTEGER),
        Column("First Name", text, ColumnKind.TEXT),
        Column("spent", number, ColumnKind.DECIMAL),
        Column("tags", texts, ColumnKind.ARRAY, ColumnKind.TEXT),
    )


TIMES = (ColumnKind.TIMESTAMP, ColumnKind.DATE, ColumnKind.TEXT, ColumnKind.INTEGER)


class OldestRecorder(Recorder):
    """A warehouse whose oldest row is unknown."""

    def query(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        super().query(sql, params)
        return [(None, 0.0)]


@dataclass(frozen=True)
class Golden:
    """The statements of one dialect."""

    dialect: Dialect
    columns: Sequence[Column]

    def diff(self, *, keyed: bool = False, retyped: bool = False, first: bool = False) -> Diff:
        keys = ("id",) if keyed else ()
        sync = Sync("users", "users", "m", "marts.users", "f", "users", "upsert", "d", {"email": "email"}, keys, FIELDS)
        layout = build_layout(sync, RULE, self.columns, self.dialect)
        stored = {value.name: value.type for value in layout.values}
        if retyped:
            stored[layout.values[1].name] = self.dialect.text_type
        found = StoredTables({} if first else stored, has_rejections=not first)
        return (FirstDiff if first else Diff)(self.dialect, TABLES, layout, found, acts_on_removed=True)

    def watched(self) -> Diff:
        return replace(self.diff(retyped=True), watches_values=True, edited=frozenset({"tags"}))

    def noted(self) -> Diff:
        return replace(self.diff(keyed=True), acts_on_removed=False, notes_rows_left=True)

    def partial(self) -> Diff:
        return replace(self.diff(retyped=True), sends_changed_fields=True)

    def ordered(self) -> Diff:
        """Rows of a user together, whom one of two fields names, and in the order of another field."""
        diff = self.diff()
        order = RowOrder(("firstName", "source", "tags", "left out"), ("spent",))
        return replace(diff, layout=replace(diff.layout, order=order))

    def recent(self, *, keyed: bool = False) -> Diff:
        """A quick comparison."""
        column = Column("Updated At", self.dialect.timestamp_type, ColumnKind.TIMESTAMP)
        return replace(
            self.diff(keyed=keyed), recent=GrowingColumn(self.dialect, column).rows_from(1_767_225_600, None)
        )

    def merge(self, *, keyed: bool, first: bool = False) -> str:
        run = OpenRun(7, REMOVALS_FROM + 5, Ranges([(0, 1000), (2000, 3000)]))
        layout = self.diff(keyed=keyed).layout
        keys, values = [key.name for key in layout.keys], [value.name for value in layout.values]
        made = Merge(self.dialect, TABLES, "s.plan__users__7", keys, values, [values[1]], ["v_old"])
        untouched = Ranges([(3000, 4000)])
        added = made.into_empty(made.outcomes(run, untouched, WHOLE), 7) if first else ""
        return added or made.sql(run, untouched)

    def timed(self, kind: ColumnKind) -> RowLayout:
        """Rows whose name is a time of this kind."""
        layout, d = self.diff().layout, self.dialect
        types = {ColumnKind.TIMESTAMP: d.timestamp_type, ColumnKind.DATE: "DATE", ColumnKind.INTEGER: d.integer_type}
        kind_type = types.get(kind, d.text_type)
        first = replace(layout.values[0], type=kind_type, kind=kind, column=Column("First Name", kind_type, kind))
        return replace(layout, values=(first, *layout.values[1:]))

    def until(self) -> str:
        """What a baseline adopts up to a time, by each kind of time."""
        until = parse_until("2026-11-01 12:30:00.5")
        tests = [until_condition(self.dialect, self.timed(kind), "firstName", until) for kind in TIMES]
        return f"SELECT count(*) FROM s.plan__users__7 p WHERE ({') AND ('.join(tests)})"

    def oldest(self, kind: ColumnKind, *, left: bool = False) -> str:
        """What the guard `old_events` asks: of all rows, or of rows that are `left` to send."""
        layout = self.timed(kind)
        recorder = OldestRecorder(self.dialect, {})
        reader = SnapshotReader(recorder, "s", replace(SYNC, name="users"), layout)
        if left:
            reader.oldest_time_to_send("firstName", replace(self.diff(), layout=layout))
        else:
            reader.oldest_time("firstName")
        return "; ".join(recorder.told)

    def pattern_query(self) -> str:
        layout = self.diff().layout
        return pattern_query(self.dialect, layout.relation, layout.values[:1], ["[0-9]{4}-.*", "it's"], 10_000)


def keeping(dialect: Dialect) -> Dialect:
    """The one of a connection whose temporary tables stay: of a DuckDB file, or of Postgres without a pool."""
    dialect.keeps_temporary = True
    return dialect


DIALECTS = {
    "duckdb": Golden(keeping(DuckDBDialect()), columns("VARCHAR", "DECIMAL(38,2)", "VARCHAR[]")),
    "bigquery": Golden(BigQueryDialect(), columns("STRING", "BIGNUMERIC", "ARRAY<STRING>")),
    "postgres": Golden(keeping(PostgresDialect()), columns("character varying(40)", "numeric(38,2)", "text[]")),
    "snowflake": Golden(SnowflakeDialect(), columns("VARCHAR COLLATE 'en-ci'", "NUMBER(38,2)", "ARRAY")),
}
STATEMENTS = {
    "counts": lambda golden: str(golden.diff().counts()),
    "counts_keyed": lambda golden: str(golden.diff(keyed=True).counts()),
    "counts_retyped": lambda golden: str(golden.diff(retyped=True).counts()),
    "counts_first": lambda golden: str(golden.diff(keyed=True, first=True).counts()),
    "counts_watched": lambda golden: str(golden.watched().counts()),
    "counts_recent": lambda golden: str(golden.recent().counts()),
    "counts_recent_keyed": lambda golden: str(golden.recent(keyed=True).counts()),
    "values_before": lambda golden: ChangedValues(golden.watched()).totals(golden.watched().layout.values),
    "shapes": lambda golden: ChangedValues(golden.watched()).shapes(golden.watched().layout.values[:2]),
    "plan_first": lambda golden: str(golden.diff(first=True).plan("s.plan__users__7")),
    "plan": lambda golden: str(golden.diff().plan("s.plan__users__7")),
    "plan_partial": lambda golden: str(golden.partial().plan("s.plan__users__7")),
    "plan_noted": lambda golden: str(golden.noted().plan("s.plan__users__7")),
    "plan_ordered": lambda golden: str(golden.ordered().plan("s.plan__users__7")),
    "plan_keyed": lambda golden: str(golden.diff(keyed=True).plan("s.plan__users__7")),
    "first_identities": lambda golden: str(golden.diff(keyed=True).first_identities(3)),
    "rows_of": lambda golden: str(golden.diff(keyed=True).rows_of(["ada@shop.com", "it's"])),
    "merge": lambda golden: golden.merge(keyed=False),
    "merge_first": lambda golden: golden.merge(keyed=True, first=True),
    "merge_keyed": lambda golden: golden.merge(keyed=True),
    "until": lambda golden: golden.until(),
    "oldest": lambda golden: golden.oldest(ColumnKind.TIMESTAMP),
    "oldest_text": lambda golden: golden.oldest(ColumnKind.TEXT),
    "oldest_left": lambda golden: golden.oldest(ColumnKind.TIMESTAMP, left=True),
    "sampling": lambda golden: golden.pattern_query(),
}
each_dialect = pytest.mark.parametrize("dialect", DIALECTS)
each_statement = pytest.mark.parametrize("name", STATEMENTS)
each_scene = pytest.mark.parametrize("scene", SCENES)


def golden(dialect: str, name: str, sql: str) -> str:
    """What the file of a name holds. It is written again if that is asked for."""
    path = FOLDER / dialect / f"{name}.sql"
    if REWRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(sql, encoding="utf-8")
    return path.read_text(encoding="utf-8")


def assert_parsed(sql: str, dialect: str) -> None:
    """It is understood as one statement of its dialect.

    But a merge without MERGE locks its table before it reads, a plan with an index gets it once it is made, and a
    comparison writes temporary tables first where nothing else promises that they are computed once.
    """
    if sql.startswith("DROP TABLE IF EXISTS pg_temp."):
        _, sql, counted = sql.split("; ")
        assert counted.startswith("ANALYZE pg_temp.")
    *made, sql = sql.split("; ") if sql.startswith(("CREATE TEMP", "CREATE OR REPLACE TEMP")) else [sql]
    assert all(isinstance(sqlglot.parse_one(one, dialect=dialect), exp.Create) for one in made)
    locks = sql[:10] == "LOCK TABLE"
    *before, statement = sqlglot.parse(sql, dialect=dialect)[: 1 + locks]
    after = sqlglot.parse(sql, dialect=dialect)[1 + locks :]
    kinds = (exp.Create, exp.Insert, exp.Merge, exp.Select, exp.Union, exp.Update, exp.Delete, exp.Drop, exp.Alter)
    assert isinstance(statement, kinds), sql
    assert [command.sql()[:10] for command in before] == ["LOCK TABLE"] * locks
    assert all(command.sql().endswith("ADD PRIMARY KEY (ordinal)") for command in after)


def pretty(sql: str) -> str:
    """A clause a line, so that a difference can be read."""
    for word in ("FROM (", "LEFT JOIN", "FULL OUTER JOIN", "UNION ALL", "WHEN MATCHED", "WHEN NOT MATCHED"):
        sql = sql.replace(f" {word}", f"\n{word}")
    return sql.replace("MATERIALIZED (", "MATERIALIZED (\n").replace("), ", "),\n") + "\n"


@each_dialect
@each_statement
def test_statement_is_as_it_was(dialect, name):
    sql = pretty(STATEMENTS[name](DIALECTS[dialect]))
    assert sql == golden(dialect, name, sql)


@each_dialect
@each_scene
def test_scene_is_as_it_was(dialect, scene):
    sql = ";\n".join(map(pretty, SCENES[scene](DIALECTS[dialect].dialect)))
    assert sql == golden(dialect, f"scene_{scene}", sql)


@each_dialect
@each_scene
def test_statements_of_a_scene_are_of_their_dialect(dialect, scene):
    for sql in SCENES[scene](DIALECTS[dialect].dialect):
        assert_parsed(sql, dialect)


@each_dialect
@each_statement
def test_statement_is_one_of_its_dialect(dialect, name):
    assert_parsed(STATEMENTS[name](DIALECTS[dialect]), dialect)


def test_a_statement_of_another_dialect_is_none():
    with pytest.raises((sqlglot.ParseError, AssertionError)):
        assert_parsed("SELECT 1 FROM t WHERE a = ? QUALIFY CAST(SHOW AS)", "postgres")


def test_every_file_is_of_a_statement():
    assert {path.parent.name for path in FOLDER.glob("*/*.sql")} == set(DIALECTS)
    for dialect in DIALECTS:
        known = {*STATEMENTS, *(f"scene_{scene}" for scene in SCENES)}
        assert {path.stem for path in (FOLDER / dialect).glob("*.sql")} == known


@pytest.mark.parametrize(("dialect", "statements"), [("duckdb", 2), ("postgres", 1), ("snowflake", 1), ("bigquery", 1)])
def test_columns_get_new_types_in_as_few_statements_as_there_can_be(dialect, statements):
    retype = DIALECTS[dialect].dialect.retype
    made = retype("s.t", {"v": ("DATE", "CAST(v AS DATE)"), "w": ("DATE", "CAST(w AS DATE)")})
    assert len(made) == statements
    for sql in made:
        assert_parsed(sql, dialect)
    assert retype("s.t", {}) == []
