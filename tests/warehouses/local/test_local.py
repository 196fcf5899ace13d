"""A model that is fetched into a file: every value is there, sent and compared as it is in its warehouse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.base import WaitPolicy, Warehouse
from reverse_etl.warehouses.duckdb import DuckDB, options_of
from reverse_etl.warehouses.local import open_local
from reverse_etl.warehouses.local.arrow_types import fitted, plain_schema
from reverse_etl.warehouses.mark import Mark
from tests.contracts.warehouse import Typed
from tests.warehouses.duckdb.duckdb_types import TYPES

PATIENCE = WaitPolicy(0, time.monotonic, time.sleep)
MODEL = '"shop"."main"."model"'


@pytest.fixture
def source(tmp_path: Path) -> Iterator[DuckDB]:
    warehouse = DuckDB(str(tmp_path / "shop.duckdb"), options_of("200MB", read_only=False), PATIENCE, make=True)
    yield warehouse
    warehouse.close()


@pytest.fixture
def local(tmp_path: Path, source: DuckDB) -> Iterator[Warehouse]:
    warehouse = open_local(tmp_path / "state.duckdb", source, "200MB", PATIENCE, read_only=False)
    yield warehouse
    warehouse.close()


def sent(warehouse: Warehouse, relation: str, expression: str, *, json: bool) -> list[object]:
    sql = f"SELECT {expression} AS value FROM {relation} ORDER BY n"
    return [
        value
        for batch in warehouse.batches(sql, 3)
        for value in convert_to_type(batch.column("value"), "", as_json=json)
    ]


def equal_pairs(warehouse: Warehouse, relation: str, number: str, expression: str) -> set[tuple[int, int]]:
    side = f"(SELECT {number} AS n, {expression} AS value FROM {relation})"
    rows = warehouse.query(f"SELECT a.n, b.n FROM {side} a, {side} b WHERE NOT a.value IS DISTINCT FROM b.value")
    return {(int(one), int(other)) for one, other in rows}


@pytest.mark.parametrize("typed", TYPES.values(), ids=TYPES)
def test_values_of_every_type_are_what_they_are_in_the_warehouse(
    typed: Typed, source: DuckDB, local: Warehouse
) -> None:
    values = [typed.first, typed.second, *typed.alike]
    source.execute(f"CREATE TABLE {MODEL} AS SELECT 0 AS n, {typed.first} AS value WHERE false")
    for number, value in enumerate([*values, "NULL"]):
        source.execute(f"INSERT INTO {MODEL} SELECT {number}, {value}")
    there = source.columns(MODEL)
    here = local.columns(MODEL)
    assert there is not None
    assert here is not None
    assert [(column.name, column.kind, column.element) for column in here] == [
        (column.name, column.kind, column.element) for column in there
    ]
    was = [source.dialect.stored_column(column) for column in there]
    number, kept = (local.dialect.stored_column(column) for column in here)
    table = local.model_table(MODEL, ["n", "value"])
    assert kept.json == was[1].json
    assert equal_pairs(local, table, number.expression, kept.expression) == equal_pairs(
        source, MODEL, "n", was[1].expression
    )
    fetched = f"(SELECT {number.expression} AS n, * FROM {table})"
    assert sent(local, fetched, kept.expression, json=kept.json) == sent(
        source, MODEL, was[1].expression, json=kept.json
    )


def test_a_model_without_rows_has_the_types_of_one_with_rows(source: DuckDB, local: Warehouse) -> None:
    source.execute(f"CREATE TABLE {MODEL} (a DECIMAL(10,2), b TIMESTAMP_NS, c VARCHAR[])")
    empty = local.columns(MODEL)
    table = local.model_table(MODEL, ["a", "b", "c"])
    assert local.query(f"SELECT count(*) FROM {table}") == [(0,)]
    source.execute(f"INSERT INTO {MODEL} VALUES (1, '2026-01-01', ['x'])")
    assert local.columns(MODEL) == empty


def test_only_what_is_asked_for_is_fetched_and_nothing_stays(
    source: DuckDB, local: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    source.execute(f"CREATE TABLE {MODEL} AS SELECT range AS a, 2 AS b FROM range(50000)")
    local.columns(MODEL)
    with local.session(Mark("a1b2", "users")) as session:
        first = session.model_table(MODEL, ["a"])
        assert session.query(f"SELECT count(*), count(COLUMNS(*)) FROM {first}") == [(50000, 50000)]
        with session.idle(), session.step("look"):
            assert session.query(f"SELECT count(*) FROM {first}") == [(50000,)]
        second = session.model_table(MODEL, ["b"], 7)
        assert session.query(f"SELECT count(*) FROM {second}") == [(7,)]
        with pytest.raises(WarehouseError):
            session.query(f"SELECT count(*) FROM {first}")
        assert len(list(tmp_path.glob("reverse_etl_*/*"))) == 1
    assert list(tmp_path.glob("reverse_etl_*/*")) == []
    local.close()
    local.close()
    assert list(tmp_path.glob("reverse_etl_*")) == []


def test_a_value_that_would_change_on_its_way_is_refused_without_being_told() -> None:
    schema = plain_schema(pa.schema([("a", pa.int8())]))
    wide = pa.RecordBatch.from_pydict({"a": pa.array([Decimal("1234567.5")])})
    with pytest.raises(WarehouseError) as refused:
        fitted(wide, schema)
    assert refused.value.code == "value-not-kept"
    assert "1234567" not in str(refused.value) + str(refused.value.context)


@pytest.mark.parametrize(
    ("column", "kept"),
    [
        (pa.array([1, None], pa.int8()), [1, None]),
        (pa.array([2**64 - 1], pa.uint64()), [2**64 - 1]),
        (pa.array(["a"], pa.large_string()), ["a"]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (pa.array([1_700_000_000_000_000_001], pa.timestamp("ns", "UTC")), ["2023-11-14 22:13:20.000000001"]),
        (pa.array([None], pa.null()), [None]),
    ],
    ids=["narrow", "unsigned", "large text", "dictionary", "zoned nanoseconds", "nothing"],
)
def test_arrow_types_of_drivers_become_few(column: pa.Array, kept: list[object]) -> None:
    batch = pa.RecordBatch.from_arrays([column], names=["a"])
    found = fitted(batch, plain_schema(batch.schema)).column(0)
    assert (found.cast("string") if pa.types.is_timestamp(found.type) else found).to_pylist() == kept
