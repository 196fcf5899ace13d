"""Field types: the first value of a field sets its type, and another type refuses the request (section 6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from tests.reference_iterable.replies import PROJECT_ID, Refusal, refusal

USER = "user"
LONGEST_VALUE = 32_000
KNOWN = {
    "email": "string",
    "userId": "string",
    "signupDate": "date",
    "signupSource": "string",
    "profileUpdatedAt": "date",
    "phoneNumber": "string",
    "timeZone": "string",
    "locale": "string",
    "ip": "string",
}
# The only forms that are dates (6.3): day; day and second; the same with an offset; ISO with exactly milliseconds.
_DATES = (
    re.compile(r"\d{4}-\d\d-\d\d"),
    re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( [+-]\d\d:?\d\d)?"),
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:?\d\d)"),
)
_LIKE_A_DATE = re.compile(r"\d{4}[-/]\d\d?[-/]\d\d?([T ]\d.*)?")


def parse_date(value: str) -> datetime | None:
    """Return the date in a text. None if Iterable does not recognize its format."""
    if not any(form.fullmatch(value) for form in _DATES):
        return None
    spelled = value.replace("Z", "+00:00").replace(" +", "+").replace(" -", "-")
    if re.search(r"[+-]\d{4}$", spelled) and len(spelled) > 10:
        spelled = f"{spelled[:-2]}:{spelled[-2:]}"
    try:
        moment = datetime.fromisoformat(spelled)
    except ValueError:
        return None
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


def list_odd_dates(value: Any) -> Iterator[str]:
    """Return texts that look like dates, but have a format that Iterable does not recognize."""
    if isinstance(value, str):
        if _LIKE_A_DATE.fullmatch(value) and parse_date(value) is None:
            yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from list_odd_dates(item)


def has_long_text(value: Any) -> bool:
    """Return whether a text in the value is longer than Iterable stores."""
    if isinstance(value, (dict, list)):
        return any(has_long_text(item) for item in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and len(value) > LONGEST_VALUE


def list_possible_types(name: str, value: Any) -> tuple[str, ...]:
    """Return the types that fit a value. A new field gets the first one. Empty for null and an empty array."""
    if isinstance(value, list):
        return next((found for item in value if (found := list_possible_types(name, item))), ())
    if isinstance(value, dict):
        geo = name.endswith("_geo_location") and set(value) == {"lat", "lon"}
        return ("geo_location",) if geo else ("object",)
    if isinstance(value, str):
        return ("date", "string", "keyword") if parse_date(value) is not None else ("string", "keyword")
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, int):
        return ("long", "double")
    return ("double",) if isinstance(value, float) else ()


def iterate_fields(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted path, value) of every field of an object. The members of an object come after it."""
    for name, value in data.items():
        path = f"{prefix}{name}"
        for item in value if isinstance(value, list) else (value,):
            if item is None:
                continue
            yield path, item
            if isinstance(item, dict) and list_possible_types(name, item) == ("object",):
                yield from iterate_fields(item, f"{path}.")


class FieldTypes:
    """Types by category (`user`, or the name of an event) and dotted path."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.types: dict[str, dict[str, str]] = {}

    def get_types(self, category: str) -> dict[str, str]:
        return self.types.setdefault(category, dict(KNOWN) if category == USER else {})

    def admit_rows(self, rows: Iterable[tuple[str, Mapping[str, Any], bool]]) -> tuple[list[str], list[str]]:
        """Check rows of (category, data, whether fields can be created). Return created fields, and fields to drop.

        Raises Refusal, and creates no field, if a type clashes or the fields are too many.
        """
        made: dict[tuple[str, str], str] = {}
        dropped: dict[str, None] = {}
        clashes: dict[str, object] = {}
        for category, data, creates in rows:
            for path, value in iterate_fields(data):
                types = list_possible_types(path, value)
                expected = self.get_types(category).get(path) or made.get((category, path))
                if expected is not None:
                    if types and expected not in types:
                        clashes.setdefault(path, _format_clash(category, types, expected, value))
                elif not creates:
                    dropped[path] = None
                elif types:
                    made[category, path] = types[0]
        self._refuse_clashes(clashes, made)
        for (category, path), kind in made.items():
            self.get_types(category)[path] = kind
        return list(dict.fromkeys(path for _, path in made)), list(dropped)

    def _refuse_clashes(self, clashes: dict[str, Any], made: dict[tuple[str, str], str]) -> None:
        if clashes:
            field, detail = next(iter(clashes.items()))
            msg = (
                f"Project {PROJECT_ID}: The request does not have the same data types as the data previously submitted."
                f" Field '{field}' already exists for type '{detail['category']}' and has a data type of"
                f" '{detail['expectedType']}' but possible types '{', '.join(detail['incomingTypes'])}' in the request."
            )
            raise Refusal(refusal(400, "RequestFieldsTypesMismatched", msg, {"validationErrors": clashes}))
        total = sum(len(types) for types in self.types.values()) + len(made)
        if made and total > self.limit:
            params = {"limit": self.limit, "requestedTotal": total, "newFields": [path for _, path in made]}
            raise Refusal(refusal(400, "UniqueFieldsLimitExceeded", "Too many fields", params))


def _format_clash(category: str, types: tuple[str, ...], expected: str, value: Any) -> dict[str, object]:
    return {
        "incomingTypes": list(types),
        "expectedType": expected,
        "category": category,
        "offendingValue": value,
        "_type": "UnexpectedType",
    }


def store_fields(
    data: Mapping[str, Any], types: Mapping[str, str], dropped: Iterable[str] = (), prefix: str = ""
) -> dict[str, Any]:
    """Return data as Iterable stores it: without nulls and dropped fields, dates in UTC (6.3, 6.6)."""
    gone = set(dropped)
    return {
        name: _store_value(value, types, gone, f"{prefix}{name}")
        for name, value in data.items()
        if value is not None and f"{prefix}{name}" not in gone
    }


def _store_value(value: Any, types: Mapping[str, str], gone: set[str], path: str) -> Any:
    if isinstance(value, dict):
        return store_fields(value, types, gone, f"{path}.")
    if isinstance(value, list):
        return [_store_value(item, types, gone, path) for item in value]
    return normalize_dates(value) if types.get(path) == "date" else value


def normalize_dates(value: Any) -> Any:
    """Return a value with all dates as Iterable shows them: in UTC, in whole seconds."""
    if isinstance(value, dict):
        return {name: normalize_dates(item) for name, item in value.items()}
    if isinstance(value, list):
        return [normalize_dates(item) for item in value]
    moment = parse_date(value) if isinstance(value, str) else None
    return value if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S +00:00").zfill(26)
