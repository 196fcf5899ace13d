"""BigQuery's types: what each holds and how our tables keep it; knows no connection.

What has parts is kept as its JSON text, which can be compared, hashed and grouped as the parts cannot. JSON of
integers beyond 2^53 holds them as texts, so that none is rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reverse_etl.warehouses.base import Column, ColumnKind, Kept
from reverse_etl.warehouses.bigquery.quoting import literal, name

# The REST interface's own words for a few types: the words of SQL.
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
COLLATED = "STRING COLLATE "
# Times and numbers in the JSON of an array.
_TIME = r'"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00(:00)?)?"'
_ZONED = r'"\1 \2 +00:00"'
_NOT_FINITE = r'"?(NaN|-?Infinity)"?'


def columns_of(schema: Sequence[Any]) -> tuple[Column, ...]:
    """Columns from the fields of a table's schema, as the driver gives them."""
    return tuple(_column(field) for field in schema)


def _column(field: Any) -> Column:
    word = _word(field)
    kind = _KINDS.get(word, ColumnKind.OTHER)
    if field.mode == "REPEATED":
        return Column(field.name, f"ARRAY<{_type(field)}>", ColumnKind.ARRAY, kind)
    collation = field.to_api_repr().get("collation") if word == "STRING" else None
    return Column(field.name, f"{COLLATED}{literal(collation)}" if collation else _type(field), kind)


def _word(field: Any) -> str:
    word = str(field.field_type).upper()
    return _SPELLED.get(word, word)


def _type(field: Any) -> str:
    """The type of a field, or of the elements of a repeated one, as SQL declares it; without length or precision."""
    word = _word(field)
    if word == "RANGE":
        return f"RANGE<{field.range_element_type.element_type}>"
    if word != "STRUCT":
        return word
    inner = (f"{name(part.name)} {_whole_type(part)}" for part in field.fields)
    return f"STRUCT<{', '.join(inner)}>"


def _whole_type(field: Any) -> str:
    return f"ARRAY<{_type(field)}>" if field.mode == "REPEATED" else _type(field)


def kept(column: Column) -> Kept:
    """How our tables keep a column."""
    quoted = name(column.name)
    if column.kind is ColumnKind.ARRAY:
        return Kept(_array(quoted, column.element), "STRING", json=True)
    word = column.type.split("<")[0]
    if word in _TEXTS:
        return Kept(f"IF({quoted} IS NULL, NULL, {_TEXTS[word](quoted)})", "STRING", json=word != "INTERVAL")
    if column.type.startswith(COLLATED):
        # A text from its bytes has no collation.
        return Kept(f"SAFE_CONVERT_BYTES_TO_STRING(CAST({quoted} AS BYTES))", "STRING")
    return Kept(quoted, column.type)


def _point(geography: str) -> str:
    """A point as Iterable's geo_location, any other shape as GeoJSON."""
    point = f"TO_JSON_STRING(STRUCT(ST_Y({geography}) AS lat, ST_X({geography}) AS lon))"
    return f"IF(ST_GEOMETRYTYPE({geography}) = 'ST_Point', {point}, ST_ASGEOJSON({geography}))"


def _range(bounds: str) -> str:
    return f"TO_JSON_STRING(STRUCT(RANGE_START({bounds}) AS `start`, RANGE_END({bounds}) AS `end`))"


# How a value that cannot be compared, or not be sent as it is, becomes a text.
_TEXTS: Mapping[str, Callable[[str], str]] = {
    "JSON": lambda value: f"TO_JSON_STRING({value})",
    "STRUCT": lambda value: f"TO_JSON_STRING({value})",
    "GEOGRAPHY": _point,
    "RANGE": _range,
    "INTERVAL": lambda value: f"CAST({value} AS STRING)",
}


def _array(quoted: str, element: ColumnKind | None) -> str:
    """The JSON of an array as Iterable takes it: its times with a zone, its numbers finite."""
    json = f"IF({quoted} IS NULL, NULL, TO_JSON_STRING({quoted}))"
    if element is ColumnKind.TIMESTAMP:
        return f"REGEXP_REPLACE({json}, {literal(_TIME)}, {literal(_ZONED)})"
    if element is ColumnKind.FLOAT:
        return f"REGEXP_REPLACE({json}, {literal(_NOT_FINITE)}, 'null')"
    return json
