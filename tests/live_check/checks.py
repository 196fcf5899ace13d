"""The ten checks: what each runs, and what its answer decides. Without an account their statements are only printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reverse_etl.destinations.iterable.identity import EMAIL
from reverse_etl.snapshot.lease import Holder, Lease, OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.run_history import RunRow, record_run
from reverse_etl.snapshot.sql.commit.merge import Merge
from reverse_etl.snapshot.tables import Tables, create_lease, create_rejections, create_runs, create_table
from reverse_etl.warehouses.base import Warehouse
from reverse_etl.warehouses.dialect import Dialect
from tests.snapshot.test_golden_sql import DIALECTS

ROWS = 1_000_000
ODD_OBJECTS = "SELECT TO_JSON(ARRAY_CONSTRUCT(1, NULL)), TO_JSON(CAST([1, NULL]::ARRAY(INT) AS VARIANT))"


@dataclass(frozen=True)
class Check:
    """One check: `work` runs its statements by a warehouse that keeps their text. `tells`: what the answer decides."""

    number: int
    warehouse: str
    title: str
    tells: str
    work: Callable[[Warehouse, Tables], None]


def _note_a_run(warehouse: Warehouse, tables: Tables) -> None:
    warehouse.execute(create_runs(warehouse.dialect, tables))
    record_run(warehouse, tables, RunRow("live-check", 1, "success", "2026-01-01 00:00:00", "", {"accepted": 1}, None))


def _odd_json(warehouse: Warehouse, tables: Tables) -> None:
    warehouse.query(f"{ODD_OBJECTS}, TO_JSON(CAST('NaN'::FLOAT AS VARIANT))")
    table = warehouse.table(tables.schema, "live_check_objects")
    objects = "OBJECT_CONSTRUCT('b', 1, 'a', 2)"
    warehouse.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {objects} AS o, TO_JSON({objects}) AS before")
    warehouse.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table}")
    warehouse.query(
        f"SELECT before, TO_JSON(o), {warehouse.dialect.differs('before', 'TO_JSON(o)', json=True)} FROM {table}"
    )


def _addresses(warehouse: Warehouse, tables: Tables) -> None:
    """TRUE only for the first one."""
    del tables
    texts = ("'sam.s@s.co'", "'sam' || chr(9) || '@s.co'", "'sam' || chr(1) || '@s.co'")
    warehouse.query(f"SELECT {', '.join(warehouse.dialect.matches(text, EMAIL) for text in texts)}")


def _compare(warehouse: Warehouse, tables: Tables, *, view: bool = False) -> None:
    relation = _model(warehouse, tables, view=view)
    warehouse.query(warehouse.prepare(_diff(warehouse.dialect, tables, relation).counts()))


def _compare_a_view(warehouse: Warehouse, tables: Tables) -> None:
    _compare(warehouse, tables, view=True)


def _write_a_plan(warehouse: Warehouse, tables: Tables) -> None:
    relation = _model(warehouse, tables, view=False)
    plan = warehouse.table(tables.schema, tables.plan_name(1))
    warehouse.execute(f"DROP TABLE IF EXISTS {plan}")
    warehouse.execute(warehouse.prepare(_diff(warehouse.dialect, tables, relation).plan(plan)))
    warehouse.query(f"SELECT min(ordinal), max(ordinal) FROM {plan} WHERE ordinal >= 2000 AND ordinal < 4000")


def _merge_many(warehouse: Warehouse, tables: Tables) -> None:
    _write_a_plan(warehouse, tables)
    dialect = warehouse.dialect
    text, whole = dialect.text_type, dialect.integer_type
    kinds = [("identity", text), ("row_hash", dialect.hash_type), ("state", text), ("fence", whole)]
    kinds += [(value.name, value.type) for value in _shape(dialect).values]
    warehouse.execute(
        create_table(dialect, tables.snapshot, [*kinds, ("changed_at", dialect.timestamp_type)], "identity")
    )
    warehouse.execute(create_rejections(dialect, tables))
    plan = warehouse.table(tables.schema, tables.plan_name(1))
    acked = Ranges((3 * n, 3 * n + 1) for n in range(25_000))
    values = [value.name for value in _shape(dialect).values]
    warehouse.execute(Merge(dialect, tables, plan, [], values).sql(OpenRun(1, 75_000, acked), Ranges()))


def _acquire_twice(warehouse: Warehouse, tables: Tables) -> None:
    warehouse.execute(create_lease(warehouse.dialect, tables, "lineage", "salt"))
    for holder in ("one", "other"):
        Lease(warehouse, tables, Holder(holder), 120, 120).acquire()


def _clustered_table(warehouse: Warehouse, tables: Tables) -> None:
    """Of texts without a collation, which a clustering column may not have."""
    columns = [("identity", warehouse.dialect.text_type), ("state", warehouse.dialect.text_type)]
    table = warehouse.table(tables.schema, "live_check_clustered")
    warehouse.execute(f"DROP TABLE IF EXISTS {table}")
    warehouse.execute(create_table(warehouse.dialect, table, columns, "identity"))


def _shape(dialect: Dialect):  # type: ignore[no-untyped-def]  # as in the golden statements
    return DIALECTS[dialect.name].diff(first=True).layout


def _diff(dialect: Dialect, tables: Tables, relation: str):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    diff = DIALECTS[dialect.name].diff(first=True)
    return replace(diff, tables=tables, layout=replace(diff.layout, relation=relation))


def _model(warehouse: Warehouse, tables: Tables, *, view: bool) -> str:
    """A model of a million rows; as a view it has a named query, as dbt's have."""
    dialect = warehouse.dialect
    relation = warehouse.table(tables.schema, "live_check_view" if view else "live_check_model")
    numbers = {
        "snowflake": f"SELECT SEQ4() AS i FROM TABLE(GENERATOR(ROWCOUNT => {ROWS}))",
        "bigquery": f"SELECT i FROM UNNEST(GENERATE_ARRAY(1, {ROWS})) AS i",
    }[dialect.name]
    tags = {"snowflake": "ARRAY_CONSTRUCT('a')", "bigquery": "['a']"}[dialect.name]
    number = {"snowflake": "NUMBER(38,2)", "bigquery": "BIGNUMERIC"}[dialect.name]
    columns = (
        f"concat('u', {dialect.as_text('i')}, '@shop.com') AS email, i AS id, 'Ann' AS {dialect.quote('First Name')},"
        f" CAST(i AS {number}) AS spent, {tags} AS tags"
    )
    kind = "VIEW" if view else "TABLE"
    warehouse.execute(f"CREATE OR REPLACE {kind} {relation} AS WITH n AS ({numbers}) SELECT {columns} FROM n")
    return relation


CHECKS: Sequence[Check] = (
    Check(1, "snowflake", "note a run", "refused: every run ends in an error after its work", _note_a_run),
    Check(
        2,
        "snowflake",
        "JSON text of odd values",
        "`undefined` or NaN in a text: both are read as null. TRUE at last: an object is sent again if its keys move",
        _odd_json,
    ),
    Check(
        3,
        "snowflake",
        "write a plan, read one window",
        "the query's profile: partitions scanned for the window. All of them: the plan needs an ORDER BY",
        _write_a_plan,
    ),
    Check(4, "snowflake", "addresses", "anything but TRUE, FALSE, FALSE: valid addresses are held back", _addresses),
    Check(
        5,
        "snowflake",
        "compare",
        "the profiles of its three statements: each scans the model once, the last to count its rows. Refused at the"
        " first: in which words a temporary table may not be made",
        _compare,
    ),
    Check(
        6,
        "snowflake",
        "acquire by two holders",
        "both get it: two runs send at once. Run it in two sessions, with a third that holds the row; kill -9 a MERGE"
        " and see how long its lock stays (five minutes by the documents)",
        _acquire_twice,
    ),
    Check(
        7,
        "bigquery",
        "compare a view that has a WITH",
        "refused: no model that is a view can be compared",
        _compare_a_view,
    ),
    Check(8, "bigquery", "compare", "bytes billed beside those of the model: how often it is read", _compare),
    Check(
        9,
        "bigquery",
        "a clustered table of texts without a collation, and its dataset",
        "refused: our tables cannot be clustered. The dataset's location must be that of the model",
        _clustered_table,
    ),
    Check(
        10,
        "bigquery",
        "merge with 25,000 ranges",
        "refused as too long: commits fail if many rows have no answer. Bytes billed: what a commit costs",
        _merge_many,
    ),
)
