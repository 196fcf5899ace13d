"""Snowflake's types: what each holds, and how our tables store it. Runs nothing.

Types have their names of DESCRIBE TABLE: `NUMBER(38,0)`, `VARCHAR(16777216)`, `VECTOR(FLOAT, 3)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reverse_etl.warehouses.columns import Column, ColumnKind, StoredColumn
from reverse_etl.warehouses.snowflake.identifiers import folded

TEXT = "VARCHAR"

# Type names of Snowflake. A type that has the name of its kind is not listed.
_KINDS: Mapping[str, ColumnKind] = {
    **{kind.value.upper(): kind for kind in ColumnKind if kind is not ColumnKind.JSON},
    **dict.fromkeys(("VARCHAR", "CHAR", "CHARACTER", "STRING", "NVARCHAR"), ColumnKind.TEXT),
    **dict.fromkeys(("NUMBER", "NUMERIC", "DECFLOAT"), ColumnKind.DECIMAL),
    **dict.fromkeys(("INT", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"), ColumnKind.INTEGER),
    **dict.fromkeys(("DOUBLE", "REAL", "FLOAT4", "FLOAT8"), ColumnKind.FLOAT),
    **dict.fromkeys(("TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "DATETIME"), ColumnKind.TIMESTAMP),
    **dict.fromkeys(("MAP", "GEOGRAPHY", "GEOMETRY"), ColumnKind.OBJECT),
    "VARBINARY": ColumnKind.BINARY,
    "VARIANT": ColumnKind.JSON,
    "VECTOR": ColumnKind.ARRAY,
}
_WHOLE = re.compile(r"(NUMBER|NUMERIC|DECIMAL)\(\d+, ?0\)")
# A changed length is no reason to rewrite a column of our tables, since it is only a limit.
_SIZED = re.compile(r"(?P<word>VARCHAR|BINARY)\(\d+\)(?P<collation>.*)")


def kind_of(type_name: str) -> ColumnKind:
    """Return the kind of a type."""
    word = re.split(r"[ (]", type_name, maxsplit=1)[0].upper()
    return ColumnKind.INTEGER if _WHOLE.fullmatch(type_name) else _KINDS.get(word, ColumnKind.OTHER)


def column_of(name: str, type_name: str) -> Column:
    """Return a column from its stored name and type. A collation stays part of the type."""
    sized = _SIZED.fullmatch(type_name)
    spelled = sized["word"] + sized["collation"] if sized else type_name
    return Column(folded(name), spelled, kind_of(spelled), _element_of(spelled))


def _element_of(type_name: str) -> ColumnKind | None:
    """The kind of the elements of `ARRAY(NUMBER(38,0) NOT NULL)` or `VECTOR(FLOAT, 3)`; a plain ARRAY has none."""
    word, _, inner = type_name.partition("(")
    if word not in ("ARRAY", "VECTOR") or not inner:
        return None
    element = inner[: inner.rindex(")")]
    return kind_of(element.rpartition(",")[0] if word == "VECTOR" else re.sub(r" NOT NULL$", "", element))


def stored_column(column: Column, name: str) -> StoredColumn:
    """Return how our tables store a column; `name` is its identifier.

    Values that cannot be compared become JSON text.
    """
    word = re.split(r"[ (]", column.type, maxsplit=1)[0]
    if json := _json_text(word, name, structured="(" in column.type):
        return StoredColumn(json, TEXT, json=True)
    if column.kind in (ColumnKind.UUID, ColumnKind.INTERVAL):
        return StoredColumn(f"CAST({name} AS {TEXT})", TEXT)
    if word == "DECFLOAT":
        return StoredColumn(f"CAST({name} AS FLOAT)", "FLOAT")  # the form that is sent, and that every connector reads
    if "COLLATE" in column.type:
        return StoredColumn(f"COLLATE({name}, '')", TEXT)
    return StoredColumn(name, column.type)


def _json_text(word: str, name: str, *, structured: bool) -> str:
    """Return JSON text, or an empty text for other types. Structured types are made semi-structured first."""
    if word in ("GEOGRAPHY", "GEOMETRY"):
        return _shape_text(name, is_place=word == "GEOGRAPHY")
    if word not in ("VARIANT", "OBJECT", "ARRAY", "MAP", "VECTOR"):
        return ""
    if structured:
        name = f"CAST({name} AS {'ARRAY' if word == 'VECTOR' else 'VARIANT'})"
    return f"TO_JSON({name})"


def _shape_text(name: str, *, is_place: bool) -> str:
    """Return GeoJSON; for a point on the earth, an object of `lat` and `lon`."""
    shape = f"ST_ASGEOJSON({name})"
    if not is_place:
        return f"TO_JSON({shape})"
    lat, lon = (f"GET(GET({shape}, 'coordinates'), {index})" for index in (1, 0))
    point = f"TO_JSON(OBJECT_CONSTRUCT('lat', {lat}, 'lon', {lon}))"
    return f"CASE WHEN GET({shape}, 'type') = 'Point' THEN {point} ELSE TO_JSON({shape}) END"
