"""Formats of dates that Iterable recognizes, and formats that only people recognize.

Accepted forms: support article 208183076. A fraction of a second, for example, is accepted only after a `T`, and only
as milliseconds with a zone (block/iterable-go, types/data_types.go).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_OFFSET = "[+-][0-9]{2}:?[0-9]{2}"
_ANY_ZONE = "( ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?))"
_ANY_TIME = "([ T][0-9]{1,2}:[0-9]{2}.*)?"
_MONTH = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*[.]?"

# Patterns are for whole texts, in the syntax that all warehouses share; no text matches two of them.
ACCEPTED_DATE = f"{_DAY}( {_TIME}( [+-][0-9]{{2}}:[0-9]{{2}})?|T{_TIME}[.][0-9]{{3}}(Z|{_OFFSET}))?"
UNRECOGNIZED_FORMATS: Mapping[str, str] = {
    "yyyy-MM-dd HH:mm:ss.SSS": f"{_DAY} {_TIME}[.][0-9]+{_ANY_ZONE}?",
    "yyyy-MM-dd HH:mm:ssZ": f"{_DAY} {_TIME}( ?(Z|UTC|[+-][0-9]{{2}}([0-9]{{2}})?)|[+-][0-9]{{2}}:[0-9]{{2}})",
    "yyyy-MM-ddTHH:mm:ss": f"{_DAY}T{_TIME}(([.]([0-9]{{1,2}}|[0-9]{{4,9}}))?{_ANY_ZONE}?|[.][0-9]{{3}})",
    "yyyy-MM-dd HH:mm": f"{_DAY}[ T]([01]?[0-9]|2[0-3]):[0-5][0-9]",
    "yyyy-M-d": "[0-9]{4}-([0-9]-[0-9]{1,2}|[0-9]{2}-[0-9])" + _ANY_TIME,
    "yyyy/MM/dd": "[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}" + _ANY_TIME,
    "dd/MM/yyyy": "[0-9]{1,2}/[0-9]{1,2}/([0-9]{2}|[0-9]{4})" + _ANY_TIME,
    "dd.MM.yyyy": "[0-9]{1,2}[.][0-9]{1,2}[.]([0-9]{2}|[0-9]{4})" + _ANY_TIME,
    "dd-MM-yyyy": "[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}" + _ANY_TIME,
    "d MMM yyyy": f"([A-Z][a-z]+,? )?[0-9]{{1,2}}[ -]{_MONTH}[ -][0-9]{{4}}{_ANY_TIME}",
    "MMM d, yyyy": f"{_MONTH} [0-9]{{1,2}},? [0-9]{{4}}{_ANY_TIME}",
}
_ACCEPTED = re.compile(ACCEPTED_DATE)


def is_date(text: str) -> bool:
    """Return whether Iterable recognizes a text as a date."""
    if not _ACCEPTED.fullmatch(text):
        return False
    try:
        date.fromisoformat(text[:10])
    except ValueError:  # the thirtieth of February
        return False
    return True
