"""SQL for values with parts as JSON: a part in an array or composite is written as it would be in a column.

Postgres makes the JSON, and patterns correct it. They only see values of one type, and never a user's text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reverse_etl.warehouses.columns import Column, ColumnKind
from reverse_etl.warehouses.postgres.quoting import literal, name

# Whole numbers that no type accepts, so that the row is held with a reason. They replace a time that cannot be written,
# and arrays that are nested too deep. The reader of the JSON knows them.
_FORMLESS = "1" + "0" * 39 + "1"
_TOO_DEEP = "1" + "0" * 39 + "2"
_DAY = r"(?!0000)\d{4}-\d\d-\d\d"
# By kind: patterns, and their replacements. Numbers are the whole text, or between brackets and commas.
_PUT_RIGHT: Mapping[ColumnKind, tuple[tuple[str, str], ...]] = {
    ColumnKind.TIMESTAMP: (
        (rf'"({_DAY})T(\d\d:\d\d:\d\d)(\.\d+)?(\+00:00)?"', r'"\1 \2 +00:00"'),
        (rf'"(?!{_DAY} [^"]*00")[^"]*"', _FORMLESS),
    ),
    ColumnKind.DATE: ((rf'"(?!{_DAY}")[^"]*"', _FORMLESS),),
    ColumnKind.TIME: (
        (r'"(\d\d:\d\d:\d\d)\.?(\d*)"', r'"\1.\2000000"'),
        (r'"(\d\d:\d\d:\d\d\.\d{6})\d*"', r'"\1"'),
        (r'"24:[^"]*"', _FORMLESS),
    ),
    ColumnKind.FLOAT: ((r'"(NaN|-?Infinity)"', "null"), (r"(^|[[,])(-?\d+)(?=$|[],])", r"\1\2.0")),
    ColumnKind.DECIMAL: ((r'"(NaN|-?Infinity)"', "null"),),
    ColumnKind.NUMBER: ((r'"(NaN|-?Infinity)"', "null"),),
    ColumnKind.INTEGER: ((r'"NaN"', "null"),),
}
# Kinds whose values make their own JSON, except for some types that are made from another type.
_AS_THEY_ARE = (*_PUT_RIGHT, ColumnKind.BOOLEAN, ColumnKind.JSON, ColumnKind.UUID)
_OTHERWISE: Mapping[str, str] = {"oid": "bigint", "money": "numeric(22,3)", "time with time zone": "text"}
# A column of the model hides a row of this name.
_ROW = name("reverse_etl_row")
_HSTORE = re.compile(r'(.*\.)?"?hstore"?')


def json_of(expression: str, column: Column, depth: int = 1) -> str:
    """Return a column, or a part of one, as JSON text: SQL of type text, NULL for NULL."""
    if column.kind is ColumnKind.ARRAY and _is_row(_element(column)):
        return _list_of_rows(expression, _element(column), depth)
    return _row(expression, column, depth) if _is_row(column) else _scalars(expression, column)


def _element(array: Column) -> Column:
    element = Column("", array.type.removesuffix("[]"), array.element or ColumnKind.OTHER)
    return array.parts[0] if array.parts else element


def _is_row(column: Column) -> bool:
    return column.kind is ColumnKind.OBJECT and bool(column.parts)


def _scalars(expression: str, column: Column) -> str:
    """Return one scalar, or an array of scalars of any depth."""
    brackets = ""
    while column.kind is ColumnKind.ARRAY:
        column, brackets = _element(column), "[]"
    text = f"CAST(to_json({_cast(expression, column, brackets)}) AS text)"
    for pattern, put in _PUT_RIGHT.get(column.kind, ()):
        text = f"regexp_replace({text}, {literal(pattern)}, {literal(put)}, 'g')"
    return text


def _cast(expression: str, column: Column, brackets: str) -> str:
    if _HSTORE.fullmatch(column.type):
        return f"CAST({expression} AS jsonb{brackets})"
    if column.type in _OTHERWISE:
        return f"CAST({expression} AS {_OTHERWISE[column.type]}{brackets})"
    plain = column.kind in _AS_THEY_ARE or column.type.startswith(("text", "character varying", "inet"))
    return expression if plain else f"CAST({expression} AS text{brackets})"


def _row(expression: str, column: Column, depth: int) -> str:
    members = (
        f"CAST({json_of(f'({expression}).{name(part.name)}', part, depth)} AS json) AS {name(part.name)}"
        for part in column.parts
    )
    row = f"(SELECT CAST(to_json({_ROW}) AS text) FROM (SELECT {', '.join(members)}) AS {_ROW})"
    # A composite whose members are all NULL also passes IS NULL, but it is a value.
    return f"CASE WHEN {expression} IS DISTINCT FROM NULL THEN {row} END"


def _list_of_rows(expression: str, element: Column, depth: int) -> str:
    """Return an array of rows, or an array of such arrays. If arrays are nested deeper, the row is held."""
    i, j = name(f"reverse_etl_i{depth}"), name(f"reverse_etl_j{depth}")
    whole = f"({expression})"
    flat = json_of(f"{whole}[{i}]", element, depth + 1)
    inner = _listed(json_of(f"{whole}[{i}][{j}]", element, depth + 1), f"generate_subscripts({whole}, 2) AS {j}")
    lists = (_listed(item, f"generate_subscripts({whole}, 1) AS {i}") for item in (flat, inner))
    one, two = lists
    return (
        f"CASE WHEN array_ndims({whole}) > 2 THEN '{_TOO_DEEP}' WHEN array_ndims({whole}) = 2 THEN {two}"
        f" WHEN {whole} IS NOT NULL THEN {one} END"
    )


def _listed(item: str, source: str) -> str:
    return f"(SELECT '[' || coalesce(string_agg(coalesce({item}, 'null'), ','), '') || ']' FROM {source})"
