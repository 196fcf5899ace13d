"""Converts the values of a column to the type that their field has in Iterable.

Only what keeps its meaning is fitted: a whole double may be a long, any number or date a text, but no text a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from pyarrow import types

from reverse_etl.destinations.iterable.fields.column_values import convert_column
from reverse_etl.destinations.iterable.fields.date_formats import is_date
from reverse_etl.destinations.iterable.fields.long_range import fits_long
from reverse_etl.destinations.operation import Unsendable

_TEXTS = ("string", "keyword")
_NUMBER = re.compile(r"-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?")


def convert_to_type(column: pa.Array, cast: str, *, as_json: bool = False) -> list[Any]:
    """Return an Arrow column as values for JSON, of a type of Iterable; `Unsendable` for a value that does not fit.

    Elements of arrays are fitted one by one. A type that is not known here changes nothing.
    """
    if cast in _TEXTS and types.is_decimal(column.type):
        column = column.cast(pa.string())  # all its digits, which a double may not have
    values = convert_column(column, as_json=as_json)
    if cast in _TEXTS and as_json and any(type(value) in (int, float, Unsendable) for value in values):
        values = [_number_as_written(*both) for both in zip(column.to_pylist(), values, strict=True)]
    rule = _RULES.get(cast)
    if rule is None:
        return values
    misfit = Unsendable(f"the value does not fit the type `{cast}` that Iterable has for it")
    return [_fitted(value, rule, misfit) for value in values]


def _number_as_written(text: str | None, value: Any) -> Any:
    """Return a JSON number of any size as it is written in the column."""
    return text if text is not None and type(value) is not str and _NUMBER.fullmatch(text) else value


class _MisfitError(ValueError):
    """A value that does not fit."""


def _fitted(value: Any, rule: Callable[[Any], Any], misfit: Unsendable) -> Any:
    if value is None or type(value) is Unsendable:
        return value
    if type(value) is list:
        found = [_fitted(item, rule, misfit) for item in value]
        return next((item for item in found if type(item) is Unsendable), found)
    try:
        return rule(value)
    except _MisfitError:
        return misfit


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    raise _MisfitError


def _long(value: Any) -> int:
    whole = type(value) is int or (type(value) is float and value.is_integer())
    if not whole or not fits_long(value):
        raise _MisfitError
    return int(value)


def _double(value: Any) -> float:
    if type(value) not in (int, float):
        raise _MisfitError
    return float(value)


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise _MisfitError
    return value


def _date(value: Any) -> str:
    if not isinstance(value, str) or not is_date(value):
        raise _MisfitError
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _MisfitError
    return value


def _place(value: Any) -> dict[str, float] | None:
    """Return an object of `lat` and `lon`, also from JSON text; None if both are null."""
    found = _parsed(value) if isinstance(value, str) else value
    if not isinstance(found, dict) or set(found) != {"lat", "lon"}:
        raise _MisfitError
    if found["lat"] is None and found["lon"] is None:
        return None
    return {"lat": _degrees(found["lat"], 90), "lon": _degrees(found["lon"], 180)}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _MisfitError from error


def _degrees(value: Any, most: int) -> float:
    if type(value) not in (int, float) or not -most <= value <= most:
        raise _MisfitError
    return float(value)


_RULES: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_TEXTS, _text),
    "long": _long,
    "double": _double,
    "boolean": _boolean,
    "date": _date,
    "object": _object,
    "geo_location": _place,
}
