"""What a value within another becomes: the same as in a column of its own."""

from __future__ import annotations

import json

import pytest

from reverse_etl.destinations.iterable.fields.column_values import convert_column
from reverse_etl.warehouses.bigquery.nested_json import Type, json_of, type_of
from tests.contracts.warehouse import SCHEMA
from tests.warehouses.bigquery.on_bigquery import OnBigQuery

VALUES = {
    "words": "'it\\'s'",
    "yes": "TRUE",
    "large": "9007199254740993",
    "price": "NUMERIC '1.5'",
    "five": "NUMERIC '5'",
    "share": "0.25",
    "nan": "CAST('nan' AS FLOAT64)",
    "endless": "CAST('-inf' AS FLOAT64)",
    "day": "DATE '0987-01-31'",
    "local": "DATETIME '2026-01-01 10:00:00.987654'",
    "instant": "CAST('2026-01-01 10:00:00.5+02' AS TIMESTAMP)",
    "early": "CAST('0001-01-01 00:00:00+00' AS TIMESTAMP)",
    "noon": "TIME '12:00:00'",
    "later": "TIME '12:00:00.25'",
    "nothing": "CAST(NULL AS TIMESTAMP)",
    "texts": "['b', 'a']",
    "times": "[DATETIME '2026-01-02 00:00:00', DATETIME '2026-01-01 00:00:00']",
    "inside": "STRUCT([STRUCT(TIMESTAMP '2026-01-01 10:00:00+00' AS `a 1`)] AS `of it`)",
    "empty": "CAST([] AS ARRAY<INT64>)",
}


class TestNested(OnBigQuery):
    @pytest.fixture
    def sent(self, warehouse):
        """What is sent of a column that holds an expression."""

        def sent(**columns: str) -> dict[str, object]:
            warehouse.create_schema(SCHEMA)
            table = warehouse.table(SCHEMA, "nested")
            warehouse.execute(f"DROP TABLE IF EXISTS {table}")
            listed = ", ".join(f"{value} AS {name}" for name, value in columns.items())
            warehouse.execute(f"CREATE TABLE {table} AS SELECT {listed}")
            kept = {column.name: warehouse.dialect.stored_column(column) for column in warehouse.columns(table)}
            read = ", ".join(f"{one.expression} AS {name}" for name, one in kept.items())
            (batch,) = warehouse.batches(f"SELECT {read} FROM {table}", 10)
            return {name: convert_column(batch.column(name), as_json=one.json)[0] for name, one in kept.items()}

        return sent

    def test_part_is_sent_as_a_column_is(self, sent):
        parts = ", ".join(f"{value} AS {name}" for name, value in VALUES.items())
        found = sent(whole=f"STRUCT({parts})", listed=f"[STRUCT({parts})]", **VALUES)
        whole, listed = found.pop("whole"), found.pop("listed")
        assert whole == found
        assert listed == [found]
        assert (whole["large"], whole["price"], whole["nan"], whole["nothing"]) == (2**53 + 1, 1.5, None, None)
        assert whole["instant"] == "2026-01-01 08:00:00 +00:00"
        assert whole["texts"] == ["b", "a"]

    def test_range_within_another_has_its_bounds(self, sent):
        bounds = "RANGE(DATETIME '2026-01-01 00:00:00', DATETIME '2026-02-01 00:00:00')"
        one = {"start": "2026-01-01 00:00:00 +00:00", "end": "2026-02-01 00:00:00 +00:00"}
        assert sent(a=bounds, b=f"STRUCT({bounds} AS r)", c=f"[{bounds}]") == {"a": one, "b": {"r": one}, "c": [one]}


def test_types_are_read_with_their_parts():
    whole = type_of("STRUCT<`a` INT64, `b c` ARRAY<STRUCT<`d, e` RANGE<DATE>>>, `f` STRING>")
    inner = Type("STRUCT", (("d, e", Type("RANGE", (("", Type("DATE")),))),))
    assert whole == Type(
        "STRUCT", (("a", Type("INT64")), ("b c", Type("ARRAY", (("", inner),))), ("f", Type("STRING")))
    )


@pytest.mark.parametrize("text", ["GEOGRAPHY", "ARRAY<GEOGRAPHY>", "STRUCT<`a` ARRAY<GEOGRAPHY>>"])
def test_points_are_points_wherever_they_are(text):
    assert "STRUCT(ST_Y(" in json_of("v", type_of(text))


@pytest.mark.parametrize("text", ["ARRAY<STRING>", "STRUCT<`a` STRING, `b` ARRAY<BOOL>>", "JSON"])
def test_what_the_warehouse_writes_as_it_is_sent_is_left_to_it(text):
    assert json_of("v", type_of(text)) == "TO_JSON_STRING(v)"


def test_whole_decimals_have_a_fraction_and_large_ones_their_digits():
    """The service writes 5 of a NUMERIC that is 5; the local server 5.000000000."""
    assert "IF(STRPOS(CAST(v.`a` AS STRING), '.') = 0 AND ABS(v.`a`) < 9007199254740992, '.0', '')" in json_of(
        "v", type_of("STRUCT<`a` NUMERIC>")
    )


def test_names_in_arrays_within_arrays_differ():
    written = json_of("v", type_of("ARRAY<STRUCT<`a` ARRAY<DATETIME>>>"))
    assert "UNNEST(v) AS e0 WITH OFFSET AS n0" in written
    assert "UNNEST(e0.`a`) AS e1 WITH OFFSET AS n1" in written


def test_keys_are_json_whatever_a_name_holds():
    written = json_of("v", type_of("STRUCT<`größe's` INT64>"))
    assert json.dumps("größe's", ensure_ascii=False).replace("'", "\\'") in written
