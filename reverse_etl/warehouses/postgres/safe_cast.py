"""SQL that casts a text to another type, or returns NULL. It never fails, although Postgres has no such cast.

A text is cast only if its form and size show that the cast works. Other texts become NULL, which is safe: we no longer
claim a value that the new type cannot hold, and its row is sent again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reverse_etl.warehouses.postgres.quoting import literal

# Bounded repetitions would make the pattern thirty times as slow (measured on 15).
_NUMBER = r"[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d{1,3})?"
_LONGEST = 400
_LEAP_YEAR = r"\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00"
_DAY = (
    r"(?!0000)(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|\d{4}-(0[13-9]|1[0-2])-(29|30)"
    rf"|\d{{4}}-(0[13578]|1[02])-31|({_LEAP_YEAR})-02-29)"
)
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
_FORMS: Mapping[str, str] = {
    "boolean": "true|false|t|f|1|0",
    "date": _DAY,
    "uuid": r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}",
    "time without time zone": _TIME,
    "timestamp without time zone": rf"{_DAY}( {_TIME})?",
    "timestamp with time zone": rf"{_DAY}( {_TIME}(\+00)?)?",
}
_BITS: Mapping[str, int] = {"smallint": 15, "integer": 31, "bigint": 63}
# The largest and the smallest number of a floating type, with a margin.
_SIZES: Mapping[str, tuple[str, str]] = {"real": ("3.4e38", "1.2e-38"), "double precision": ("1.7e308", "2.3e-308")}


def cast_or_null(text: str, type_name: str) -> str:
    """Return a text expression as a value of a type in our tables."""
    bare = re.sub(r"\([\d,-]+\)", "", type_name)
    # 1.00 and 1e+06 are whole numbers, but they are not written like one.
    value = f"CAST({text} AS numeric)" if bare in _BITS else text
    tests = _tests(text, bare, type_name)
    cases = " ".join(f"WHEN {test} THEN CAST({value} AS {type_name})" for test in tests)
    null = f"CAST(NULL AS {type_name})"
    return f"CASE {cases} ELSE {null} END" if cases else null


def _tests(text: str, bare: str, type_name: str) -> list[str]:
    """Return a condition that holds if any of these holds."""
    number = f"CAST({text} AS numeric)"
    if bare in _BITS:
        limit = 2 ** _BITS[bare]
        return [_cast_if_number(text, f"{number} = trunc({number}) AND {number} BETWEEN -{limit} AND {limit - 1}")]
    if bare in _SIZES:
        largest, smallest = _SIZES[bare]
        fits = f"{number} = 0 OR abs({number}) BETWEEN {smallest} AND {largest}"
        return [_cast_if_number(text, fits), f"{text} IN ('NaN', 'Infinity', '-Infinity')"]
    if bare == "numeric":
        digits = re.fullmatch(r"numeric\((\d+),(-?\d+)\)", type_name)
        fits = "TRUE" if digits is None else f"abs(round({number}, {digits[2]})) < 1e{int(digits[1]) - int(digits[2])}"
        return [_cast_if_number(text, fits), f"{text} = 'NaN'"]
    return [_matches(text, _FORMS[bare])] if bare in _FORMS else []


def _cast_if_number(text: str, fits: str) -> str:
    """CASE makes sure that only texts of numbers are cast to numbers."""
    return f"CASE WHEN length({text}) <= {_LONGEST} AND {_matches(text, _NUMBER)} THEN {fits} ELSE FALSE END"


def _matches(text: str, form: str) -> str:
    return f"{text} ~* {literal(f'^(?:{form})$')}"
