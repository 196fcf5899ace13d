"""Converts values of a row to the type that a member of Iterable's JSON must have: text, number, time and so on.

Nothing is lost on the way: a value that only nearly fits does not fit. Knows no members and no rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from reverse_etl.destinations.iterable.fields.long_range import fits_long
from reverse_etl.destinations.operation import UnfitRow

UNSENDABLE_VALUE = "unsendable-value"
_WHOLE = re.compile(r"[+-]?\d{1,19}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
# What times and dates of a warehouse have become before they come here: see `values`.
_TIME = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d \+00:00)?")
# Iterable accepts seconds and milliseconds since 1970, and decides by their size. No source says at which size.
# From here on (the year 5138) seconds may be read as milliseconds, so they are not sent.
_SECONDS_BELOW = 10**11
# Up to here (the year 9999) a number may be seconds, and is neither: `epoch(valid_to)` is no time of the year 1978.
_MILLISECONDS_FROM = 253_402_300_800
# The year 1.
_FIRST = -62_135_596_800


@dataclass(frozen=True)
class Scalar:
    """A type of Iterable's JSON. `read` returns None for a value that does not fit; `says` is the type in words."""

    says: str
    read: Callable[[object], object]


def convert_value(name: str, value: object, kind: Scalar) -> object:
    """Return the value as that type. Raises UnfitRow, which says `name` and never the value."""
    converted = kind.read(value)
    if converted is None:
        raise UnfitRow(UNSENDABLE_VALUE, f"`{name}` is not {kind.says}")
    return converted


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value if value.strip() else None
    whole = _whole(value)
    return None if whole is None else str(whole)


def _whole(value: object) -> int | None:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and fits_long(value)
    return value if fits else None  # type: ignore[return-value]  # it is an int


def _number(value: object) -> float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = float(value)
    return number if number == value and abs(number) != float("inf") else None


def _seconds(value: object) -> int | None:
    if isinstance(value, str):
        found = _instant(value) if _TIME.fullmatch(value) else None
    else:
        found = _whole(value)
        milliseconds = found is not None and not -_SECONDS_BELOW < found < _MILLISECONDS_FROM
        found = found // 1000 if found is not None and milliseconds else found
    return found if found is not None and _FIRST <= found < _SECONDS_BELOW else None


def _instant(text: str) -> int | None:
    try:
        parsed = datetime.fromisoformat(text.replace(" +00:00", "+00:00"))
    except ValueError:
        return None
    return int(parsed.replace(tzinfo=timezone.utc).timestamp())


def _texts(value: object) -> list[str] | None:
    some = value if isinstance(value, list) else [value]
    found = [text for text in map(_text, some) if text is not None]
    return found if len(found) == len(some) else None


def _object(value: object) -> object:
    return value if isinstance(value, dict) else None


AS_TEXT = Scalar("a text", _text)
AS_WHOLE = Scalar("a whole number", _whole)
AS_NUMBER = Scalar("a number", _number)
AS_SECONDS = Scalar(
    "a time before the year 5138: a timestamp, a date, or a whole number of seconds since 1970", _seconds
)
AS_TEXTS = Scalar("an array of texts", _texts)
AS_OBJECT = Scalar("an object", _object)
