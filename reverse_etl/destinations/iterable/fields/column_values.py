"""Converts Arrow columns to values for JSON that get the right type in Iterable.

Rules (Iterable's types and date formats: support article 208183076): timestamps become `yyyy-MM-dd HH:mm:ss +00:00`
in UTC, one without zone is taken as UTC; dates `yyyy-MM-dd`; decimals with a scale the nearest double, written with a
fraction; whole numbers stay exact and must fit 64 bits; NaN and infinities, which JSON lacks, become null.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NoReturn

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from reverse_etl.destinations.iterable.fields.long_range import fits_long
from reverse_etl.destinations.operation import Unsendable

# Doubles hold every whole number below.
_EXACT = 2**53
# The years 1 to 9999, which are all that the formats can write.
_DAYS = (-719_162, 2_932_896)
_SECONDS = (-62_135_596_800, 253_402_300_799)
_A_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


_NOT_WHOLE = Unsendable("the whole number does not fit 64 bits; cast the column to text in the model")
_NO_JSON = Unsendable("the text is not valid JSON")
# What Snowflake writes for a missing element, and for numbers that JSON does not have: a string, or such a word.
_BARE = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<bare>\b(?:undefined|NaN)\b|-?\b(?:Infinity|inf)\b)', re.DOTALL)
# What a warehouse writes into JSON in place of a value that has no JSON.
_STANDING_FOR = {
    "1" + "0" * 39 + "1": Unsendable("a date or time in it is outside the years 1 to 9999"),
    "1" + "0" * 39 + "2": Unsendable("its arrays are nested more than two deep"),
}
_WHOLE, _FRACTION = "^(0|-?[1-9][0-9]{0,17})$", "^-?(0|[1-9][0-9]{0,14})[.][0-9]{1,100}$"


def convert_column(column: pa.Array, *, as_json: bool = False) -> list[Any]:
    """Return an Arrow column as values for JSON, one for each row; `Unsendable` for a value that cannot be sent.

    `as_json`: the column holds JSON text.
    """
    if isinstance(column, pa.ExtensionArray):
        return _extension(column, as_json=as_json)
    if types.is_dictionary(column.type):
        return convert_column(column.dictionary_decode(), as_json=as_json)
    if as_json:
        return _numbers(column) or [None if text is None else _parsed(text) for text in _texts(column)]
    for fits, change in _RULES:
        if fits(column.type):
            return change(column)
    odd = Unsendable(f"values of type {column.type} cannot be sent; cast the column in the model")
    return [odd if valid else None for valid in column.is_valid().to_pylist()]


def _extension(column: pa.ExtensionArray, *, as_json: bool) -> list[Any]:
    name, stored = column.type.extension_name, column.storage
    if name == "arrow.uuid":
        return [None if value is None else str(uuid.UUID(bytes=value)) for value in stored.to_pylist()]
    return convert_column(stored, as_json=as_json or name == "arrow.json")


def _plain(column: pa.Array) -> list[Any]:
    return list(column.to_pylist())


def _texts(column: pa.Array) -> list[Any]:
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return [_text(value) for value in column.cast(pa.large_binary()).to_pylist()]


def _text(value: bytes | None) -> str | Unsendable | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return Unsendable("the text is not UTF-8")


def _unsigned(column: pa.Array) -> list[Any]:
    return [_whole(value) for value in column.to_pylist()]


def _floats(column: pa.Array) -> list[Any]:
    finite = pc.if_else(pc.is_finite(column.cast(pa.float64())), column, None)
    # 0.1 of 32 bits is 0.1, not 0.10000000149011612: the double that has its shortest text.
    short = finite.cast(pa.string()) if types.is_float32(column.type) else finite
    return list(short.cast(pa.float64()).to_pylist())


def _decimals(column: pa.Array) -> list[Any]:
    if column.type.scale > 0:
        return [None if text is None else _double(text) for text in column.cast(pa.string()).to_pylist()]
    try:
        return list(column.cast(pa.int64()).to_pylist())
    except pa.ArrowInvalid:  # some number is too large; which one has to be found
        return [None if value is None else _whole(int(value)) for value in column.to_pylist()]


def _double(text: str) -> float | int:
    """Return the nearest double. A whole number that a double cannot hold keeps its digits, up to 64 bits."""
    number = float(text)
    if -_EXACT < number < _EXACT or not fits_long(number):
        return number
    whole, _, fraction = text.partition(".")
    return number if fraction.strip("0") else int(whole)


def _whole(value: int | None) -> int | Unsendable | None:
    return value if value is None or fits_long(value) else _NOT_WHOLE


def _timestamps(column: pa.Array) -> list[Any]:
    """Return instants in UTC, from any time zone. Fractions of a second are rounded down, before 1970 as well."""
    ticks, second = column.cast(pa.int64()), _A_SECOND[column.type.unit]
    whole = pc.divide(ticks, second)
    whole = pc.subtract(whole, pc.less(ticks, pc.multiply(whole, second)).cast(pa.int64()))
    texts = _within(whole, _SECONDS).cast(pa.timestamp("s")).cast(pa.string())
    odd = Unsendable("the time is outside the years 1 to 9999")
    return _marked(pc.binary_join_element_wise(texts, "+00:00", " "), whole, odd)


def _dates(column: pa.Array) -> list[Any]:
    days = column.cast(pa.date32()).cast(pa.int32())
    texts = _within(days, _DAYS).cast(pa.date32()).cast(pa.string())
    return _marked(texts, days, Unsendable("the date is outside the years 1 to 9999"))


def _within(numbers: pa.Array, bounds: tuple[int, int]) -> pa.Array:
    inside = pc.and_(pc.greater_equal(numbers, bounds[0]), pc.less_equal(numbers, bounds[1]))
    return pc.if_else(inside, numbers, None)


def _marked(texts: pa.Array, numbers: pa.Array, odd: Unsendable) -> list[Any]:
    """Return the texts, with `odd` for each number that has no text."""
    found = list(texts.to_pylist())
    if texts.null_count > numbers.null_count:
        return [odd if text is None and there else text for text, there in zip(found, numbers.is_valid(), strict=True)]
    return found


def _times(column: pa.Array) -> list[Any]:
    a_day = 86_400 * _A_SECOND[column.type.unit]
    ticks = column.cast(pa.int32() if types.is_time32(column.type) else pa.int64())
    texts = _within(ticks, (0, a_day - 1)).cast(column.type).cast(pa.string())
    return _marked(texts, ticks, Unsendable("the time of day is not below 24:00"))


def _lists(column: pa.Array) -> list[Any]:
    members = iter(convert_column(column.flatten()))
    lengths = pc.list_value_length(column).to_pylist()
    return [None if length is None else _sound(list(islice(members, length))) for length in lengths]


def _structs(column: pa.StructArray) -> list[Any]:
    names = [column.type.field(index).name for index in range(column.type.num_fields)]
    members = [convert_column(member) for member in column.flatten()]
    rows: Iterable[tuple[Any, ...]] = zip(*members, strict=True) if members else iter([()] * len(column))
    found = [_sound(row, names) for row in rows]
    return [value if valid else None for value, valid in zip(found, column.is_valid().to_pylist(), strict=True)]


def _maps(column: pa.MapArray) -> list[Any]:
    kind = column.type
    pairs = _lists(column.cast(pa.list_(pa.struct([kind.key_field, kind.item_field]))))
    return [_object(found) if isinstance(found, list) else found for found in pairs]


def _object(pairs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {_name(key): value for key, value in (pair.values() for pair in pairs)}


def _name(key: Any) -> str:
    return key if isinstance(key, str) else orjson.dumps(key, default=str).decode()


def _sound(values: Sequence[Any], names: Sequence[str] | None = None) -> Any:
    """Return an array, or an object if there are names. If one value cannot be sent, the whole cannot."""
    odd = next((value for value in values if type(value) is Unsendable), None)
    if odd is not None:
        return odd
    return values if names is None else dict(zip(names, values, strict=True))


def _numbers(column: pa.Array) -> list[Any]:
    """Return a column of JSON numbers that are all small and whole, or all fractions; empty for any other column."""
    first = column.drop_null()[:1]
    for form, kind in ((_WHOLE, pa.int64()), (_FRACTION, pa.float64())) if is_text(column.type) else ():
        if all(pc.all(pc.match_substring_regex(part, form)).as_py() for part in (first, column)):
            return list(column.cast(kind).to_pylist())
    return []


def _parsed(text: Any) -> Any:
    if type(text) is Unsendable:
        return text
    try:
        return _JSON.decode(text)
    except OverflowError as error:
        return _STANDING_FOR.get(str(error), _NOT_WHOLE)
    except (ValueError, RecursionError):
        # Parse again, without the words that only Snowflake writes.
        plain = _BARE.sub(lambda found: "null" if found["bare"] else found[0], text)
        return _NO_JSON if plain == text else _parsed(plain)


def _integer(digits: str) -> int:
    if len(digits) > 20 or not fits_long(int(digits)):
        raise OverflowError(digits)
    return int(digits)


def _fraction(digits: str) -> float | int | None:
    number = float(digits)
    if not math.isfinite(number):
        return None
    return number if "e" in digits.lower() else _double(digits)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


# orjson would turn whole numbers over 64 bits into doubles without a word.
_JSON = json.JSONDecoder(
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_refuse,
)


def _is_plain(kind: pa.DataType) -> bool:
    small = types.is_integer(kind) and not types.is_uint64(kind)
    return bool(small or types.is_boolean(kind) or types.is_null(kind))


def is_text(kind: pa.DataType) -> bool:
    """Return whether a type of Arrow is text."""
    return str(kind) in ("string", "large_string", "string_view")  # the last is not in every pyarrow


def _is_list(kind: pa.DataType) -> bool:
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


_RULES: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], list[Any]]], ...] = (
    (is_text, _texts),
    (_is_plain, _plain),
    (types.is_floating, _floats),
    (types.is_decimal, _decimals),
    (types.is_timestamp, _timestamps),
    (types.is_date, _dates),
    (types.is_uint64, _unsigned),
    (types.is_time, _times),
    (_is_list, _lists),
    (types.is_struct, _structs),
    (types.is_map, _maps),
)
