"""Converts columns of JSON texts to what a member of Iterable's JSON must be; see `scalars`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.destinations.column_body import JsonColumn, find_rows
from reverse_etl.destinations.iterable.fields.scalars import AS_NUMBER, AS_SECONDS, AS_TEXT, AS_WHOLE, Scalar
from reverse_etl.destinations.operation import UnfitRow

# JSON that is the same after the conversion. A text with a letter or a digit is not blank.
_SAME: Mapping[Scalar, str] = {
    AS_TEXT: r'^"[^"\\]*[\pL\pN]',
    AS_WHOLE: "^(0|-?[1-9][0-9]{0,17})$",
    AS_NUMBER: "^-?(0|[1-9][0-9]{0,14})[.][0-9]{1,17}$",
    AS_SECONDS: "^(0|[1-9][0-9]{0,9})$",
}
_TIME = r'^"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} \+00:00"$'
# Of times: the whole years 1 to 5000.
_SECONDS = (-62_135_596_800, 95_617_584_000)


def fit_column(column: JsonColumn, kind: Scalar) -> JsonColumn:
    """Return a column as that type. A row whose value does not fit is odd."""
    if pc.all(pc.match_substring_regex(column.texts, _SAME[kind])).as_py() is not False:
        return column
    seconds = _seconds(column.texts) if kind is AS_SECONDS else None
    return convert_each(column, kind.read) if seconds is None else JsonColumn(seconds, column.odd)


def convert_each(column: JsonColumn, convert: Callable[[object], object]) -> JsonColumn:
    """Return a column after a conversion of each distinct value but NULL.

    A row is odd if its conversion returns None or raises UnfitRow.
    """
    distinct = column.texts.dictionary_encode()
    made = pa.array([_converted(text, convert) for text in distinct.dictionary.to_pylist()], pa.string())
    texts = made.take(distinct.indices)
    odd = find_rows(pc.and_(column.texts.is_valid(), texts.is_null())) if made.null_count else ()
    return JsonColumn(texts, {*column.odd, *odd})


def _converted(text: str, convert: Callable[[object], object]) -> str | None:
    try:
        value = convert(orjson.loads(text))
    except UnfitRow:
        return None
    return None if value is None else orjson.dumps(value).decode()


def _seconds(texts: pa.Array) -> pa.Array | None:
    """Return texts that are all times as seconds since 1970; None if one of them is no time, or far away."""
    if pc.all(pc.match_substring_regex(texts, _TIME)).as_py() is False:
        return None
    try:
        seconds = pc.utf8_slice_codeunits(texts, 1, 20).cast(pa.timestamp("s")).cast(pa.int64())
    except pa.ArrowInvalid:  # such as February 30
        return None
    first, last = pc.min_max(seconds).as_py().values()
    return seconds.cast(pa.string()) if first is None or _SECONDS[0] <= first <= last <= _SECONDS[1] else None
