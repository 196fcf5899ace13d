"""Postgres's types: what each holds, how our tables store it, and how it is read. Opens no connection.

Our tables have few types: every kind of text is stored as text, and values with parts as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reverse_etl.warehouses.columns import Column, ColumnKind, StoredColumn
from reverse_etl.warehouses.postgres.nested_json import json_of

TEXT = "text"
_KINDS: Mapping[str, ColumnKind] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "char", "name", "citext", "xml"), ColumnKind.TEXT),
    **dict.fromkeys(("inet", "cidr", "macaddr", "macaddr8"), ColumnKind.TEXT),
    **dict.fromkeys(("int2", "int4", "int8", "oid"), ColumnKind.INTEGER),
    "money": ColumnKind.DECIMAL,
    **dict.fromkeys(("float4", "float8"), ColumnKind.FLOAT),
    **dict.fromkeys(("timestamp", "timestamptz"), ColumnKind.TIMESTAMP),
    **dict.fromkeys(("time", "timetz"), ColumnKind.TIME),
    **dict.fromkeys(("json", "jsonb"), ColumnKind.JSON),
    **dict.fromkeys(("bytea", "bit", "varbit"), ColumnKind.BINARY),
    "bool": ColumnKind.BOOLEAN,
    "date": ColumnKind.DATE,
    "uuid": ColumnKind.UUID,
    "interval": ColumnKind.INTERVAL,
    "hstore": ColumnKind.OBJECT,
}
# If a member of a composite is one of these, the composite cannot be sent.
_REFUSED = (ColumnKind.BINARY, ColumnKind.INTERVAL, ColumnKind.OTHER)
# The spelling of format_type, without precision: our tables store these types unchanged.
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_TIMES = ("date", "time without time zone", "timestamp without time zone", "timestamp with time zone")
_OWN = frozenset((*_NUMBERS, *_TIMES, "boolean", "uuid"))
_NUMERIC = re.compile(r"numeric(\((\d+),(-?\d+)\))?")
# The digits that a 128-bit decimal holds.
DIGITS = 38

# Reads the columns of a relation from the catalog: domains as their base type, with the parts of arrays and composites.
# A place is the number of a column, then the numbers of the parts that lead to this one; 0 means an array's elements.
COLUMNS = """
WITH RECURSIVE typed AS (
  SELECT ARRAY[CAST(attnum AS integer)] AS place, attname, atttypid AS id, atttypmod AS modifier
  FROM pg_catalog.pg_attribute
  WHERE attrelid = pg_catalog.to_regclass(?) AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT part.* FROM typed c JOIN pg_catalog.pg_type t ON t.oid = c.id CROSS JOIN LATERAL (
    SELECT c.place, c.attname, t.typbasetype, t.typtypmod WHERE t.typtype = 'd'
    UNION ALL
    SELECT c.place || 0, CAST('' AS name), t.typelem, c.modifier
    WHERE t.typtype <> 'd' AND t.typcategory = 'A' AND t.typelem <> 0
    UNION ALL
    SELECT c.place || CAST(a.attnum AS integer), a.attname, a.atttypid, a.atttypmod FROM pg_catalog.pg_attribute a
    WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS part
)
SELECT c.place, c.attname, pg_catalog.format_type(c.id, c.modifier), t.typname, t.typtype, t.typcategory
FROM typed c JOIN pg_catalog.pg_type t ON t.oid = c.id WHERE t.typtype <> 'd' ORDER BY c.place
"""


def columns_of(rows: Sequence[Sequence[Any]]) -> tuple[Column, ...]:
    """Return columns from the rows of COLUMNS."""
    parts: dict[tuple[int, ...], list[Column]] = {}
    for place, name, type_name, *spelled in reversed(rows):  # parts come before what they belong to
        kind = kind_of(type_name, *spelled)
        inner = tuple(reversed(parts.pop(tuple(place), [])))
        if kind is ColumnKind.OBJECT and any(part.kind in _REFUSED or part.element in _REFUSED for part in inner):
            kind = ColumnKind.OTHER
        inner = inner if kind in (ColumnKind.ARRAY, ColumnKind.OBJECT) else ()
        element = inner[0].kind if kind is ColumnKind.ARRAY else None
        parts.setdefault(tuple(place[:-1]), []).append(Column(name, type_name, kind, element, inner))
    return tuple(reversed(parts.get((), [])))


def kind_of(type_name: str, short_name: str, form: str, category: str) -> ColumnKind:
    """Return what a type holds. `form` and `category` come from pg_type: `e` an enum, `c` a composite; `A` an array."""
    if category == "A" and short_name not in ("int2vector", "oidvector"):
        return ColumnKind.ARRAY
    if form in ("e", "c"):
        return ColumnKind.TEXT if form == "e" else ColumnKind.OBJECT
    numeric = _NUMERIC.fullmatch(type_name)
    if numeric:
        bounded = ColumnKind.DECIMAL if int(numeric[3] or 0) > 0 else ColumnKind.INTEGER
        return bounded if numeric[1] else ColumnKind.NUMBER
    return _KINDS.get(short_name, ColumnKind.OTHER)


def stored_column(name: str, column: Column) -> StoredColumn:
    """Return how our tables store a column, given its quoted name."""
    if column.kind in (ColumnKind.ARRAY, ColumnKind.OBJECT):
        return StoredColumn(json_of(name, column), TEXT, json=True)
    if _bare(column.type) in _OWN:
        return StoredColumn(name, column.type, json=spells_digits(column.type))
    # Money in its smallest unit, so that its values never depend on a locale.
    other = {ColumnKind.INTEGER: "bigint", ColumnKind.DECIMAL: "numeric(22,3)"}.get(column.kind, TEXT)
    if column.type == "inet":  # in the form that Postgres shows: a cast to text adds `/32` to the address of a host
        return StoredColumn(f"abbrev({name})", TEXT)
    return StoredColumn(f"CAST({name} AS {other})", other, column.kind is ColumnKind.JSON)


def spells_digits(type_name: str) -> bool:
    """Return whether values of a type come as JSON text: numerics that no bounded decimal holds exactly."""
    numeric = _NUMERIC.fullmatch(type_name)
    return bool(numeric and not (numeric[1] and arrives_bounded(int(numeric[2]), int(numeric[3]))))


def arrives_bounded(precision: int, scale: int) -> bool:
    """Return whether numeric(precision, scale) becomes Arrow decimals, or doubles for fractions."""
    return scale > 0 or precision - scale <= DIGITS


def is_never_empty(type_name: str) -> bool:
    """Return whether no value of a type of our tables is the empty text."""
    return _bare(type_name) in _OWN


def _bare(type_name: str) -> str:
    return re.sub(r"\([\d,-]+\)", "", type_name)
