"""The types that a catalog's fields can have, and which values are of them. Knows no catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.rules.dates import stored_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reverse_etl.sandbox.rules.fields import Fields


def misfit(kind: str, value: Any) -> Any:
    """The value, or an element of an array, that a field of this type cannot hold; None when all is well."""
    values = value if type(value) is list else [value]
    return next((one for one in values if one is not None and not _IS[kind](one)), None)


def value_at(document: Fields, path: str) -> Any:
    """What stands at a dotted path, through objects alone; None where nothing does."""
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if type(value) is dict else None
    return value


def _is_date(value: Any) -> bool:
    return type(value) is str and stored_date(value) is not None


def _is_place(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() == {"lat", "lon"}
        and all(type(number) in {int, float} for number in value.values())
    )


_IS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "boolean": lambda value: type(value) is bool,
    "date": _is_date,
    "double": lambda value: type(value) in {int, float},
    "geo_location": _is_place,
    "long": lambda value: type(value) is int,
    "object": lambda value: type(value) is dict,
    "string": lambda value: type(value) is str,
}
CATALOG_TYPES: Final = frozenset(_IS)
