"""BigQuery's types: what each holds, and how our tables store it. Opens no connection.

A value with parts is stored as JSON text, because JSON text can be compared, hashed and grouped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reverse_etl.warehouses.bigquery.nested_json import json_of, type_of
from reverse_etl.warehouses.bigquery.quoting import literal, name
from reverse_etl.warehouses.columns import Column, ColumnKind, StoredColumn

# The REST interface has other names than SQL for a few types.
_SPELLED: Mapping[str, str] = {
    "INTEGER": "INT64",
    "FLOAT": "FLOAT64",
    "BOOLEAN": "BOOL",
    "RECORD": "STRUCT",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
}
_KINDS: Mapping[str, ColumnKind] = {
    "STRING": ColumnKind.TEXT,
    "INT64": ColumnKind.INTEGER,
    "NUMERIC": ColumnKind.DECIMAL,
    "BIGNUMERIC": ColumnKind.DECIMAL,
    "FLOAT64": ColumnKind.FLOAT,
    "BOOL": ColumnKind.BOOLEAN,
    "DATE": ColumnKind.DATE,
    "DATETIME": ColumnKind.TIMESTAMP,
    "TIMESTAMP": ColumnKind.TIMESTAMP,
    "TIME": ColumnKind.TIME,
    "BYTES": ColumnKind.BINARY,
    "JSON": ColumnKind.JSON,
    "STRUCT": ColumnKind.OBJECT,
    "RANGE": ColumnKind.OBJECT,
    "GEOGRAPHY": ColumnKind.OBJECT,
    "INTERVAL": ColumnKind.INTERVAL,
}
_REFUSED = (ColumnKind.BINARY, ColumnKind.INTERVAL, ColumnKind.OTHER)
_PARTED = (ColumnKind.ARRAY, ColumnKind.OBJECT, ColumnKind.JSON)
COLLATED = "STRING COLLATE "


def columns_of(schema: Sequence[Any]) -> tuple[Column, ...]:
    """Return columns from the fields of a table's schema, as the driver gives them."""
    return tuple(_column(field) for field in schema)


def _column(field: Any) -> Column:
    word, kind = _word(field), _kind(field)
    if field.mode == "REPEATED":
        return Column(field.name, f"ARRAY<{_type(field)}>", ColumnKind.ARRAY, kind)
    collation = field.to_api_repr().get("collation") if word == "STRING" else None
    return Column(field.name, f"{COLLATED}{literal(collation)}" if collation else _type(field), kind)


def _kind(field: Any) -> ColumnKind:
    """Return the kind of a field, or of a repeated field's elements. If a part cannot be sent, the whole cannot."""
    kind = _KINDS.get(_word(field), ColumnKind.OTHER)
    return ColumnKind.OTHER if any(_kind(part) in _REFUSED for part in field.fields) else kind


def _word(field: Any) -> str:
    word = str(field.field_type).upper()
    return _SPELLED.get(word, word)


def _type(field: Any) -> str:
    """Return the SQL type of a field, or of a repeated field's elements, without length or precision."""
    word = _word(field)
    if word == "RANGE":
        return f"RANGE<{field.range_element_type.element_type}>"
    if word != "STRUCT":
        return word
    inner = (f"{name(part.name)} {_whole_type(part)}" for part in field.fields)
    return f"STRUCT<{', '.join(inner)}>"


def _whole_type(field: Any) -> str:
    return f"ARRAY<{_type(field)}>" if field.mode == "REPEATED" else _type(field)


def stored_column(column: Column) -> StoredColumn:
    """Return how our tables store a column."""
    quoted = name(column.name)
    if column.kind in _PARTED or column.type.startswith("STRUCT<"):
        return StoredColumn(f"IF({quoted} IS NULL, NULL, {json_of(quoted, type_of(column.type))})", "STRING", json=True)
    if column.kind is ColumnKind.INTERVAL:
        return StoredColumn(f"CAST({quoted} AS STRING)", "STRING")
    if column.type.startswith(COLLATED):
        # A text that is built from its bytes has no collation.
        return StoredColumn(f"SAFE_CONVERT_BYTES_TO_STRING(CAST({quoted} AS BYTES))", "STRING")
    return StoredColumn(quoted, column.type)
