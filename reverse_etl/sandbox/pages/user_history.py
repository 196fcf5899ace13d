"""What a user's history shows: the parts of a value that changed, and lists by name. Knows no endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

LIST_FIELDS: Final = frozenset({"emailListIds", "userListIds"})
NameList = Callable[[int], str]


def changed_parts(fields: Mapping[str, tuple[Any, Any]], name_list: NameList) -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, before, after) for each part that differs. Nested objects are followed, arrays are not.

    Ids of lists become names. A field that was written without a change is left out.
    """
    for name, (before, after) in fields.items():
        if name in LIST_FIELDS:
            yield name, _named(before, name_list), _named(after, name_list)
        else:
            yield from _differences(name, before, after)


def _differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            yield from _differences(f"{path}.{name}", before.get(name), after.get(name))
    elif before != after or type(before) is not type(after):
        yield path, before, after


def _named(ids: Any, name_list: NameList) -> Any:
    if not isinstance(ids, list):
        return ids
    return [f"{name_list(number)} ({number})" if isinstance(number, int) else number for number in ids]
