"""Converts ids and names of lists, channels or message types in a value to ids."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import orjson

from reverse_etl.destinations.iterable.resources.named_resources import NamedResource, Register, ResourceNames
from reverse_etl.destinations.operation import UnfitRow

_NUMBER = re.compile(r"\s*[0-9]{1,18}\s*")
_NAMES_REMEMBERED = 1000


def parse_references(value: object) -> list[int | str]:
    """Return the ids and names in an array, in the text of a JSON array, or in a single value. Raises ValueError."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _array(value)
    return [_read_reference(item) for item in (value if isinstance(value, list) else [value])]


def _array(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _read_reference(item: object) -> int | str:
    if isinstance(item, str) and item.strip():
        return int(item) if _NUMBER.fullmatch(item) else item
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    if type(item) is int and item > 0:
        return item
    raise ValueError("neither an id nor a name")


class ReferenceReader:
    """Converts the values of one key to ids."""

    def __init__(self, key: str, register: Register, things: Iterable[NamedResource] = ()) -> None:
        """`things` are all resources that can be named."""
        known = tuple(things)
        self.key = key
        self._noun = register.noun
        self._names = ResourceNames(known)
        self._numbers = {thing.id for thing in known}
        # A column with a wrong name usually repeats it in many rows.
        self._nearest = lru_cache(_NAMES_REMEMBERED)(self._names.nearest)

    def of(self, value: object) -> list[int]:
        """Return the ids, each once. Raises UnfitRow if a part is no id and no name, unknown or ambiguous."""
        try:
            parts = parse_references(value)
        except ValueError as error:
            said = f"`{self.key}` holds something that is {error}"
            raise UnfitRow("neither-id-nor-name", said) from None
        return list(
            dict.fromkeys(self._check_id(part) if isinstance(part, int) else self._find_id(part) for part in parts)
        )

    def _check_id(self, number: int) -> int:
        if number not in self._numbers:
            said = f"`{self.key}` holds an id that no {self._noun} of Iterable has"
            raise UnfitRow("unknown-id", said)
        return number

    def _find_id(self, name: str) -> int:
        found = self._names.matching(name)
        if not found:
            said = f"`{self.key}` names a {self._noun} that Iterable does not have{self._nearest(name)}"
            raise UnfitRow("unknown-name", said)
        if len(found) > 1:
            numbers = ", ".join(str(thing.id) for thing in found)
            said = f"`{self.key}` holds a name that several {self._noun}s have ({numbers}): write the id"
            raise UnfitRow("ambiguous-name", said)
        return found[0].id
