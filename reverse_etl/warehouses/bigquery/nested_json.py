"""SQL for the JSON of values that have parts. Each part is written as it would be in a column. Knows no table.

TO_JSON_STRING by itself would write times with a `T`, and would write as texts: numbers beyond 2^53, fractions of
decimals, and NaN.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reverse_etl.warehouses.bigquery.quoting import literal, name

_WORDS = re.compile(r"`(?:[^`\\]|\\.)*`|\w+|[<>,]")
# TO_JSON_STRING writes these as they are sent.
_PLAIN = ("STRING", "BOOL", "DATE", "JSON")


@dataclass(frozen=True)
class Type:
    """A type with its inner types: by name for a STRUCT, one without a name for an ARRAY or a RANGE."""

    word: str
    parts: tuple[tuple[str, Type], ...] = ()

    @property
    def plain(self) -> bool:
        if self.word in ("STRUCT", "ARRAY"):
            return all(part.plain for _, part in self.parts)
        return self.word in _PLAIN


def type_of(text: str) -> Type:
    """Return a type from its SQL declaration, with quoted names: ``STRUCT<`a` INT64, `b` ARRAY<STRING>>``."""
    return _read(_WORDS.findall(text))


def json_of(value: str, kind: Type, depth: int = 0) -> str:
    """Return the JSON text of an expression that is not NULL. `depth` keeps names unique in nested arrays."""
    if kind.plain:
        return f"TO_JSON_STRING({value})"
    if kind.word == "STRUCT":
        fields = {part: _part(f"{value}.{name(part)}", inner, depth) for part, inner in kind.parts}
        return _object(fields)
    if kind.word == "ARRAY":
        ((_, inner),) = kind.parts
        element, place = f"e{depth}", f"n{depth}"
        listed = f"SELECT {_part(element, inner, depth + 1)} FROM UNNEST({value}) AS {element}"
        return f"CONCAT('[', ARRAY_TO_STRING(ARRAY({listed} WITH OFFSET AS {place} ORDER BY {place}), ','), ']')"
    if kind.word == "RANGE":
        ((_, inner),) = kind.parts
        bounds = {"start": f"RANGE_START({value})", "end": f"RANGE_END({value})"}
        return _object({key: _part(bound, inner, depth) for key, bound in bounds.items()})
    return _WRITTEN.get(kind.word, "TO_JSON_STRING({})".format)(value)


def _part(value: str, kind: Type, depth: int) -> str:
    return f"IF({value} IS NULL, 'null', {json_of(value, kind, depth)})"


def _object(fields: Mapping[str, str]) -> str:
    keys = [f"{json.dumps(key, ensure_ascii=False)}:" for key in fields]
    begun = [literal(sign + key) for sign, key in zip("{" + "," * len(keys), keys)]  # noqa: B905  # as many as keys
    written = ", ".join(f"{key}, {value}" for key, value in zip(begun, fields.values(), strict=True))
    return f"CONCAT({written}, '}}')"


def _instant(value: str) -> str:
    """Return a time without zone, in UTC and whole seconds."""
    return f"""CONCAT('"', SUBSTR(CAST({value} AS STRING), 1, 19), ' +00:00"')"""


def _decimal(value: str) -> str:
    """Write a fraction, except for whole numbers that are too large for doubles."""
    text = f"CAST({value} AS STRING)"
    return f"CONCAT({text}, IF(STRPOS({text}, '.') = 0 AND ABS({value}) < {2**53}, '.0', ''))"


def _time(value: str) -> str:
    """Return a time of day with all six digits of the second."""
    text = f"CAST({value} AS STRING)"
    return f"""CONCAT('"', RPAD(CONCAT({text}, IF(LENGTH({text}) = 8, '.', '')), 15, '0'), '"')"""


def _point(value: str) -> str:
    """Return a point as an object of `lat` and `lon`, any other shape as GeoJSON."""
    point = f"TO_JSON_STRING(STRUCT(ST_Y({value}) AS lat, ST_X({value}) AS lon))"
    return f"IF(ST_GEOMETRYTYPE({value}) = 'ST_Point', {point}, ST_ASGEOJSON({value}))"


_WRITTEN: Mapping[str, Callable[[str], str]] = {
    "INT64": "CAST({} AS STRING)".format,
    "NUMERIC": _decimal,
    "BIGNUMERIC": _decimal,
    "FLOAT64": lambda value: f"IF(IS_NAN({value}) OR IS_INF({value}), 'null', TO_JSON_STRING({value}))",
    "DATETIME": _instant,
    "TIMESTAMP": lambda value: _instant(f"DATETIME({value}, 'UTC')"),
    "TIME": _time,
    "GEOGRAPHY": _point,
}


def _read(words: list[str]) -> Type:
    """Remove the words of one type from a list and return the type. Column names have no quotes or backslashes."""
    word, found = words.pop(0), []
    if words[:1] == ["<"]:
        while words.pop(0) != ">":  # the opening bracket first, then commas
            named = words.pop(0)[1:-1] if words[0].startswith("`") else ""
            found.append((named, _read(words)))
    return Type(word, tuple(found))
