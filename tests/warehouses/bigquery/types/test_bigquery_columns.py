"""BigQuery's types as its catalog reports them: what they hold, how they are declared, and how our tables keep them."""

from __future__ import annotations

import pytest

from reverse_etl.warehouses.bigquery.dialect import BigQueryDialect
from reverse_etl.warehouses.bigquery.types import columns_of
from reverse_etl.warehouses.columns import ColumnKind as K

PARTS = [{"name": "a", "type": "INTEGER"}, {"name": "b c", "type": "STRING", "mode": "REPEATED"}]
KEPT = ("INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64", "BOOL", "DATE", "DATETIME", "TIME", "TIMESTAMP", "STRING")


def column_of(**field):
    from google.cloud.bigquery import SchemaField

    (column,) = columns_of([SchemaField.from_api_repr({"name": "v", "mode": "NULLABLE", **field})])
    return column


@pytest.mark.parametrize(
    ("field", "type_name", "kind"),
    [
        ({"type": "INTEGER"}, "INT64", K.INTEGER),
        ({"type": "FLOAT"}, "FLOAT64", K.FLOAT),
        ({"type": "BOOLEAN"}, "BOOL", K.BOOLEAN),
        ({"type": "STRING", "maxLength": "5"}, "STRING", K.TEXT),
        ({"type": "STRING", "collation": "und:ci"}, "STRING COLLATE 'und:ci'", K.TEXT),
        ({"type": "NUMERIC", "precision": "10", "scale": "2"}, "NUMERIC", K.DECIMAL),
        ({"type": "BIGNUMERIC"}, "BIGNUMERIC", K.DECIMAL),
        ({"type": "DATE"}, "DATE", K.DATE),
        ({"type": "DATETIME"}, "DATETIME", K.TIMESTAMP),
        ({"type": "TIMESTAMP"}, "TIMESTAMP", K.TIMESTAMP),
        ({"type": "TIME"}, "TIME", K.TIME),
        ({"type": "BYTES"}, "BYTES", K.BINARY),
        ({"type": "JSON"}, "JSON", K.JSON),
        ({"type": "GEOGRAPHY"}, "GEOGRAPHY", K.OBJECT),
        ({"type": "INTERVAL"}, "INTERVAL", K.INTERVAL),
        ({"type": "RANGE", "rangeElementType": {"type": "DATETIME"}}, "RANGE<DATETIME>", K.OBJECT),
        ({"type": "RECORD", "fields": PARTS}, "STRUCT<`a` INT64, `b c` ARRAY<STRING>>", K.OBJECT),
        ({"type": "SOMETHING_NEW"}, "SOMETHING_NEW", K.OTHER),
    ],
)
def test_type_and_kind(field, type_name, kind):
    column = column_of(**field)
    assert (column.type, column.kind, column.element) == (type_name, kind, None)


@pytest.mark.parametrize(
    ("field", "type_name", "element"),
    [
        ({"type": "STRING"}, "ARRAY<STRING>", K.TEXT),
        ({"type": "TIMESTAMP"}, "ARRAY<TIMESTAMP>", K.TIMESTAMP),
        ({"type": "BYTES"}, "ARRAY<BYTES>", K.BINARY),
        ({"type": "RECORD", "fields": PARTS}, "ARRAY<STRUCT<`a` INT64, `b c` ARRAY<STRING>>>", K.OBJECT),
    ],
)
def test_type_of_arrays(field, type_name, element):
    column = column_of(**field, mode="REPEATED")
    assert (column.type, column.kind, column.element) == (type_name, K.ARRAY, element)


@pytest.mark.parametrize("type_name", ["BYTES", "INTERVAL", "SOMETHING_NEW"])
def test_what_has_a_part_that_cannot_be_sent_is_refused_with_what_to_write(type_name):
    parts = [{"name": "a", "type": "RECORD", "fields": [{"name": "b", "type": type_name, "mode": "REPEATED"}]}]
    one, many = (column_of(type="RECORD", fields=parts, mode=mode) for mode in ("NULLABLE", "REPEATED"))
    assert (one.kind, many.kind, many.element) == (K.OTHER, K.ARRAY, K.OTHER)
    assert BigQueryDialect().sendable_expression(one) == "TO_JSON_STRING(`v`)"
    assert BigQueryDialect().sendable_expression(many) == "ARRAY(SELECT TO_JSON_STRING(one) FROM UNNEST(`v`) AS one)"


@pytest.mark.parametrize("type_name", KEPT)
def test_what_can_be_compared_is_kept_as_it_is(type_name):
    kept = BigQueryDialect().stored_column(column_of(type=type_name))
    assert (kept.expression, kept.type, kept.json) == ("`v`", type_name, False)


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ({"type": "JSON"}, "TO_JSON_STRING(`v`)"),
        ({"type": "RECORD", "fields": PARTS}, "TO_JSON_STRING(`v`.`b c`)"),
        ({"type": "STRING", "mode": "REPEATED"}, "TO_JSON_STRING(`v`)"),
        ({"type": "GEOGRAPHY"}, "STRUCT(ST_Y(`v`) AS lat, ST_X(`v`) AS lon)"),
        ({"type": "RANGE", "rangeElementType": {"type": "DATE"}}, "RANGE_START(`v`)"),
    ],
)
def test_what_has_parts_is_kept_as_json_and_null_stays_null(field, part):
    kept = BigQueryDialect().stored_column(column_of(**field))
    assert (kept.type, kept.json) == ("STRING", True)
    assert part in kept.expression
    assert "IF(`v` IS NULL, NULL, " in kept.expression


def test_collation_is_taken_off():
    kept = BigQueryDialect().stored_column(column_of(type="STRING", collation="und:ci"))
    assert (kept.expression, kept.type) == ("SAFE_CONVERT_BYTES_TO_STRING(CAST(`v` AS BYTES))", "STRING")
