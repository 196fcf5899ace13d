"""The changes that a user's history shows: the changed parts of a value, and lists by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

LIST_FIELDS: Final = frozenset({"emailListIds", "userListIds"})
GetListName = Callable[[int], str]


def iterate_changed_parts(
    fields: Mapping[str, tuple[Any, Any]], get_list_name: GetListName
) -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, before, after) for each part that differs. Nested objects are compared by member, arrays as a whole.

    List ids become names. A field that was written without a change is left out.
    """
    for name, (before, after) in fields.items():
        if name in LIST_FIELDS:
            yield name, _name_lists(before, get_list_name), _name_lists(after, get_list_name)
        else:
            yield from _iterate_differences(name, before, after)


def _iterate_differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            yield from _iterate_differences(f"{path}.{name}", before.get(name), after.get(name))
    elif before != after or type(before) is not type(after):
        yield path, before, after


def _name_lists(ids: Any, get_list_name: GetListName) -> Any:
    if not isinstance(ids, list):
        return ids
    return [f"{get_list_name(number)} ({number})" if isinstance(number, int) else number for number in ids]
