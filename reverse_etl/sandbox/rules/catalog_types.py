"""The types of catalog fields, and the values that each type can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.rules.dates import normalize_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reverse_etl.sandbox.rules.fields import Fields


def find_misfit(kind: str, value: Any) -> Any:
    """Return the value, or the array element, that a field of this type cannot hold. None if it can hold all."""
    values = value if type(value) is list else [value]
    return next((one for one in values if one is not None and not _CHECKS[kind](one)), None)


def read_path(document: Fields, path: str) -> Any:
    """Return the value at a dotted path. Arrays are not followed. None if there is no value."""
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if type(value) is dict else None
    return value


def _is_date(value: Any) -> bool:
    return type(value) is str and normalize_date(value) is not None


def _is_geo_location(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() == {"lat", "lon"}
        and all(type(number) in {int, float} for number in value.values())
    )


_CHECKS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "boolean": lambda value: type(value) is bool,
    "date": _is_date,
    "double": lambda value: type(value) in {int, float},
    "geo_location": _is_geo_location,
    "long": lambda value: type(value) is int,
    "object": lambda value: type(value) is dict,
    "string": lambda value: type(value) is str,
}
CATALOG_TYPES: Final = frozenset(_CHECKS)
