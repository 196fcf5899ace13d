"""Rows that come from elsewhere, as `state migrate` brings them: every type as it was, in a few jobs."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from decimal import Decimal

import pyarrow as pa

from reverse_etl.cost import total
from reverse_etl.warehouses.mark import Mark
from tests.contracts.warehouse import SCHEMA
from tests.warehouses.bigquery.on_bigquery import OnBigQuery

AT, LONG_AGO = datetime(2026, 1, 1, 10, 0, 0, 1, timezone.utc), datetime(1, 1, 1, tzinfo=timezone.utc)
COLUMNS = {
    "a": ("STRING", pa.string(), ["it's \\ \n 🙂", "", None]),
    "b": ("INT64", pa.int64(), [2**63 - 1, -(2**63), None]),
    "c": ("NUMERIC", pa.decimal128(38, 9), [Decimal("9007199254740993.100000000"), Decimal("-0.010000000"), None]),
    "d": ("FLOAT64", pa.float64(), [0.1, float("-inf"), None]),
    "e": ("BOOL", pa.bool_(), [True, False, None]),
    "f": ("DATE", pa.date32(), [date(1, 1, 1), date(9999, 12, 31), None]),
    "g": ("DATETIME", pa.timestamp("us"), [AT.replace(tzinfo=None), LONG_AGO.replace(tzinfo=None), None]),
    "h": (
        "TIMESTAMP",
        pa.timestamp("us", "UTC"),
        [AT, LONG_AGO, None],
    ),
    "i": ("TIME", pa.time64("us"), [time(10, 0, 0, 1), time(0), None]),
}


class TestLoading(OnBigQuery):
    def load(self, warehouse, columns, rows: int = 1) -> list[tuple[object, ...]]:
        warehouse.create_schema(SCHEMA)
        table = warehouse.table(SCHEMA, "loaded")
        warehouse.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind[0]}' for name, kind in columns.items())})")
        batch = pa.record_batch({name: pa.array(kind[2], kind[1]) for name, kind in columns.items()})
        types = {name: kind[0] for name, kind in columns.items()}
        assert warehouse.load(table, types, [batch] * rows) == rows * batch.num_rows
        return warehouse.query(f"SELECT * FROM {table}")

    def test_every_type_comes_as_it_was(self, warehouse):
        found = self.load(warehouse, COLUMNS)
        assert set(found) == set(zip(*(kind[2] for kind in COLUMNS.values()), strict=True))
        assert [table.table_id for table in warehouse._client().list_tables(SCHEMA)] == ["loaded"]

    def test_many_rows_are_a_few_jobs(self, warehouse):
        with warehouse.session(Mark("a1b2", "users", "migrate")):
            assert len(self.load(warehouse, {"b": ("INT64", pa.int64(), list(range(1_000)))}, rows=5)) == 5_000
            assert total(one.cost for one in warehouse.costs("users")).statements == 6

    def test_what_a_type_does_not_take_is_null(self, warehouse):
        assert self.load(warehouse, {"b": ("INT64", pa.string(), ["x", "7"])}) == [(None,), (7,)]
