"""Postgres's types: what each holds, how our tables keep it, and how it is read; knows no connection.

Our tables have few types: whatever is text in some way is kept as text, and whatever has parts as its JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reverse_etl.warehouses.base import Column, ColumnKind, Kept
from reverse_etl.warehouses.postgres.quoting import literal

TEXT = "text"
_KINDS: Mapping[str, ColumnKind] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "char", "name", "citext", "xml"), ColumnKind.TEXT),
    **dict.fromkeys(("inet", "cidr", "macaddr", "macaddr8"), ColumnKind.TEXT),
    **dict.fromkeys(("int2", "int4", "int8", "oid"), ColumnKind.INTEGER),
    **dict.fromkeys(("numeric", "money"), ColumnKind.DECIMAL),
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
# As format_type spells them, without precision: our tables keep them as they are.
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_TIMES = ("date", "time without time zone", "timestamp without time zone", "timestamp with time zone")
_OWN = frozenset((*_NUMBERS, *_TIMES, "boolean", "uuid"))
# Times and numbers in the JSON of an array.
_TIME = r'"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(\+00:00)?"'
_ZONED = r'"\1 \2 +00:00"'
_NOT_FINITE = r'"(NaN|-?Infinity)"'
_WHOLE = re.compile(r"numeric\((\d+),(0|-\d+)\)")
_HSTORE = re.compile(r'(.*\.)?"?hstore"?')

# What a catalog says of the columns of a relation: through domains to their base, and from arrays to their elements.
COLUMNS = """
WITH RECURSIVE typed AS (
  SELECT attnum, attname, atttypid AS id, atttypmod AS modifier, 0 AS depth
  FROM pg_catalog.pg_attribute
  WHERE attrelid = pg_catalog.to_regclass(?) AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT c.attnum, c.attname, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,
    CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE c.modifier END,
    c.depth + CASE WHEN t.typtype = 'd' THEN 0 ELSE 1 END
  FROM typed c JOIN pg_catalog.pg_type t ON t.oid = c.id
  WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0)
)
SELECT c.attname, c.depth, pg_catalog.format_type(c.id, c.modifier), t.typname, t.typtype, t.typcategory
FROM typed c JOIN pg_catalog.pg_type t ON t.oid = c.id WHERE t.typtype <> 'd' ORDER BY c.attnum, c.depth
"""


def columns_of(rows: Sequence[Sequence[object]]) -> tuple[Column, ...]:
    """Columns from what COLUMNS found."""
    found: dict[str, Column] = {}
    for name, depth, type_name, *spelled in rows:
        kind = kind_of(str(type_name), *map(str, spelled))
        if not depth:
            found[str(name)] = Column(str(name), str(type_name), kind)
        elif depth == 1:
            whole = found[str(name)]
            found[str(name)] = Column(whole.name, whole.type, whole.kind, kind)
    return tuple(found.values())


def kind_of(type_name: str, short_name: str, form: str, category: str) -> ColumnKind:
    """What a type holds. `form` and `category` are those of pg_type: `e` an enum, `c` a composite; `A` an array."""
    if category == "A" and short_name not in ("int2vector", "oidvector"):
        return ColumnKind.ARRAY
    if form in ("e", "c"):
        return ColumnKind.TEXT if form == "e" else ColumnKind.OBJECT
    whole = _WHOLE.fullmatch(type_name)
    if whole and int(whole[1]) - int(whole[2]) <= 38:
        return ColumnKind.INTEGER
    return _KINDS.get(short_name, ColumnKind.OTHER)


def kept(name: str, column: Column) -> Kept:
    """How our tables keep a column whose quoted name is given."""
    if column.kind is ColumnKind.ARRAY:
        return Kept(_array(f"CAST(to_json({name}) AS {TEXT})", column.element), TEXT, json=True)
    if column.kind is ColumnKind.OBJECT:
        parts = f"CAST({name} AS jsonb)" if _HSTORE.fullmatch(column.type) else f"to_json({name})"
        return Kept(f"CAST({parts} AS {TEXT})", TEXT, json=True)
    if _bare(column.type) in _OWN:
        return Kept(name, column.type)
    other = {ColumnKind.INTEGER: "bigint", ColumnKind.DECIMAL: "numeric"}.get(column.kind, TEXT)
    return Kept(f"CAST({name} AS {other})", other, column.kind is ColumnKind.JSON)


def is_never_empty(type_name: str) -> bool:
    """Whether no value of a type, one of those that our tables have, is the empty text."""
    return _bare(type_name) in _OWN


def _bare(type_name: str) -> str:
    return re.sub(r"\([\d,-]+\)", "", type_name)


def _array(json: str, element: ColumnKind | None) -> str:
    """The JSON of an array as Iterable takes it: its times with a zone, its numbers finite."""
    if element is ColumnKind.TIMESTAMP:
        return f"regexp_replace({json}, {literal(_TIME)}, {literal(_ZONED)}, 'g')"
    if element in (ColumnKind.FLOAT, ColumnKind.DECIMAL):
        return f"regexp_replace({json}, {literal(_NOT_FINITE)}, 'null', 'g')"
    return json
