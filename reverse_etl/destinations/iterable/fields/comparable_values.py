"""Turns values into one form, so that two of them are equal if Iterable stores the same.

- A number has one form, whether it is written as 1 or as 1.0. A field of type `double` holds doubles.
- Dates are moments in UTC, in whole seconds: Iterable stores `yyyy-MM-dd HH:mm:ss +00:00` for every accepted format.
- Null, a missing member and an empty object are the same. Arrays keep their order, their nulls and their length.
- Text is equal only if every character is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reverse_etl.destinations.iterable.fields.date_formats import is_date
from reverse_etl.destinations.iterable.fields.long_range import fits_long

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class FieldComparison:
    """The mapped fields of a sync, by dotted path, and the types that Iterable has for them.

    `infers_dates`: a text of a field without a type is a date if it looks like one. `merges`: an object at the top
    is merged into the stored one, so that only its own members matter. `lowered` are fields without letter case.
    """

    paths: Sequence[str]
    types: Mapping[str, str] = field(default_factory=dict)
    infers_dates: bool = True
    merges: bool = False
    lowered: Sequence[str] = ()

    @property
    def top_fields(self) -> tuple[str, ...]:
        """Return the fields at the top of the data that hold the mapped ones."""
        return tuple(dict.fromkeys(path.partition(".")[0] for path in self.paths))

    def pick_sent(self, data: Mapping[str, Any]) -> dict[str, object]:
        """Return the values that data to be sent has at the mapped paths. A path that is not sent is not there."""
        return dict(self._pick(data, is_stored=False))

    def pick_stored(self, data: Mapping[str, Any]) -> dict[str, object]:
        """Return the values that stored data has at the mapped paths, or inside of them."""
        return {path: value for path, value in self._pick(data, is_stored=True) if value is not None}

    def _pick(self, data: Mapping[str, Any], *, is_stored: bool) -> Iterator[tuple[str, object]]:
        for path in self.paths:
            holder, name = _find_holder(data, path)
            if name not in holder:
                continue
            value = holder[name]
            members = value if self.merges and "." not in path and isinstance(value, dict) else None
            if members is None or is_stored:
                yield path, self.convert(path, value)
            for member, inner in (members or {}).items():
                yield f"{path}.{member}", self.convert(f"{path}.{member}", inner)

    def convert(self, path: str, value: Any) -> object:
        """Return a value in its comparable form; None if Iterable would hold nothing."""
        if isinstance(value, dict):
            inner = {name: self.convert(f"{path}.{name}", item) for name, item in value.items()}
            return {name: item for name, item in inner.items() if item is not None} or None
        if isinstance(value, list):
            return [self.convert(path, item) for item in value]
        if isinstance(value, str):
            return self._convert_text(path, value)
        return value if value is None or isinstance(value, bool) else _convert_number(value, self.types.get(path, ""))

    def _convert_text(self, path: str, text: str) -> object:
        kind = self.types.get(path, "")
        if path in self.lowered:
            return text.strip().lower()
        if kind == "boolean":
            return _BOOLEANS.get(text, text)
        if kind in ("long", "double"):
            # Iterable may keep a number as the text that it came in, although its field holds numbers.
            number = int(text) if _WHOLE.fullmatch(text) else float(text) if _NUMBER.fullmatch(text) else None
            return text if number is None else _convert_number(number, kind)
        is_moment = kind == "date" or (not kind and self.infers_dates)
        return _convert_date(text) if is_moment and is_date(text) else text


def _find_holder(data: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any], str]:
    """Return the object that holds the last name of a path, and that name. An object that is not there is empty."""
    *parents, name = path.split(".")
    for parent in parents:
        inner = data.get(parent)
        data = inner if isinstance(inner, dict) else {}
    return data, name


def _convert_number(value: float, kind: str) -> float:
    number = float(value) if kind == "double" else value
    return int(number) if number == int(number) and fits_long(number) else number


def _convert_date(text: str) -> str:
    """Return the moment of a text that `is_date` accepts, in UTC. Without a zone, it is in UTC already."""
    moment = datetime.fromisoformat(f"{text[:10]} {text[11:19] or '00:00:00'}")
    zone = re.search(r"([+-])(\d\d):?(\d\d)$", text[19:])
    if zone:
        offset = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
        try:
            moment = moment - offset if zone[1] == "+" else moment + offset
        except OverflowError:  # before the year 1 or after 9999
            return text
    return moment.isoformat(" ")
