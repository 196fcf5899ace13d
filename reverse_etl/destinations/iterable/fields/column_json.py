"""Converts Arrow columns to JSON texts, without a Python object for each value of a plain type.

`orjson` would make the same texts of the values of `convert_to_type`, which stays the one definition of the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from reverse_etl.destinations.column_body import JsonColumn
from reverse_etl.destinations.iterable.fields.column_values import is_text
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.destinations.operation import Unsendable

# What JSON writes with a backslash in a text.
_ESCAPED = bytes(range(32)) + b'"\\'
_NUMBERS = {int, float, bool, type(None)}
_TEXTS = {str, type(None)}
# More levels than any row puts around a value. JSON that is too deep with them is left to the encoder of rows.
_AROUND = 16
_EXACT = 2**53


def convert_to_json(column: pa.Array, cast: str, *, as_json: bool = False) -> JsonColumn:
    """Return an Arrow column as JSON texts, one for each row: of the values that `convert_to_type` returns."""
    if not (cast or as_json):
        texts = _texts(column)
        if texts is not None:
            return JsonColumn(texts)
    values = convert_to_type(column, cast, as_json=as_json)
    kinds = set(map(type, values))
    if kinds <= _NUMBERS:
        return JsonColumn(_numbers(values))
    return _dumped_texts(values) if kinds <= _TEXTS else _dumped(values)


def _texts(column: pa.Array) -> pa.Array | None:
    """Return the JSON of a column, NULL where the value is; None if its values have to be looked at one by one."""
    kind = column.type
    if types.is_boolean(kind) or (types.is_integer(kind) and not types.is_uint64(kind)):
        return column.cast(pa.string())
    if is_text(kind):
        return _quoted(column) if _needs_no_escapes(column) else None
    if types.is_decimal(kind) and kind.scale > 0:
        return _decimals(column)
    if types.is_struct(kind):
        return _structs(column)
    if types.is_list(kind) or types.is_large_list(kind):
        return _lists(column)
    return None


def _structs(column: pa.StructArray) -> pa.Array | None:
    names = [orjson.dumps(column.type.field(index).name).decode() for index in range(column.type.num_fields)]
    if not names or len(set(names)) < len(names):
        return None
    pieces: list[str | pa.Array] = []
    for name, member in zip(names, column.flatten(), strict=True):
        found = convert_to_json(member, "")
        if found.odd:
            return None
        pieces += [f",{name}:", pc.fill_null(found.texts, "null")]
    texts = pc.binary_join_element_wise(f"{{{names[0]}:", *pieces[1:], "}", "")
    return pc.if_else(column.is_valid(), texts, None)


def _lists(column: pa.Array) -> pa.Array | None:
    found = convert_to_json(column.flatten(), "")
    if found.odd:
        return None
    ends = pc.cumulative_sum(pc.fill_null(pc.list_value_length(column), 0).cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    members = pa.ListArray.from_arrays(offsets, pc.fill_null(found.texts, "null"))
    texts = pc.binary_join_element_wise("[", pc.binary_join(members, ","), "]", "")
    return pc.if_else(column.is_valid(), texts, None)


def _decimals(column: pa.Array) -> pa.Array | None:
    """Return the nearest doubles; None if one is so large that it keeps its digits."""
    numbers = column.cast(pa.string()).cast(pa.float64())
    largest = pc.max(pc.abs(numbers)).as_py()
    return None if largest is not None and largest >= _EXACT else _numbers(numbers.to_pylist())


def _numbers(values: Sequence[Any]) -> pa.Array:
    texts = pa.array(orjson.dumps(values).decode()[1:-1].split(",") if values else [], pa.string())
    return pc.if_else(pc.equal(texts, "null"), None, texts)


def _needs_no_escapes(column: pa.Array) -> bool:
    """Return whether all texts are UTF-8 without characters that JSON escapes."""
    if str(column.type) == "string_view":
        return False
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    characters = _characters(column)
    return len(characters.translate(None, _ESCAPED)) == len(characters)


def _characters(column: pa.Array) -> bytes:
    """Return the bytes of all texts, one text after the other."""
    _, offsets, data = column.buffers()
    ends = memoryview(offsets).cast("q" if types.is_large_string(column.type) else "i")
    first, last = ends[column.offset], ends[column.offset + len(column)]
    return memoryview(data)[first:last].tobytes() if data is not None else b""


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', texts.cast(pa.string()), '"', "")


def _dumped_texts(values: Sequence[str | None]) -> JsonColumn:
    """Return the JSON of texts; NULL stays NULL."""
    try:
        texts = pa.array(values, pa.string())
    except UnicodeEncodeError:  # half of a surrogate pair
        return _dumped(values)
    return JsonColumn(_quoted(texts)) if _needs_no_escapes(texts) else _dumped(values)


def _dumped(values: Sequence[Any]) -> JsonColumn:
    """Return the JSON of values of any type."""
    texts: list[str | None] = []
    odd: list[int] = []
    for index, value in enumerate(values):
        text = None if value is None else _dump(value)
        if text is None and value is not None:
            odd.append(index)
        texts.append(text)
    return JsonColumn(pa.array(texts, pa.string()), odd)


def _dump(value: Any) -> str | None:
    """Return the JSON of one value; None if it has none."""
    if type(value) is Unsendable:
        return None
    try:
        if isinstance(value, (str, int, float)):
            return orjson.dumps(value).decode()
        inside = value
        for _ in range(_AROUND):
            inside = [inside]
        return orjson.dumps(inside).decode()[_AROUND:-_AROUND]
    except TypeError:
        return None
