"""Builds the JSON objects of many rows from their columns. Dots in field names make nested objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Stands for a value that is not sent at all.
NO_VALUE = object()


@dataclass(frozen=True)
class Leaf:
    """One field: its dotted path, where its column is, and whether its value can be `NO_VALUE`."""

    path: str
    column: int
    gaps: bool = False


@dataclass
class ObjectTree:
    """An object of the JSON: by name a column, or an object. `gaps`: some members can be absent."""

    members: dict[str, int | ObjectTree] = field(default_factory=dict)
    gaps: bool = False


def build_tree(leaves: Iterable[Leaf]) -> ObjectTree:
    """Return the object that these fields make. Raises TypeError if one field lies inside the value of another."""
    root = ObjectTree()
    for leaf in leaves:
        *parents, last = leaf.path.split(".")
        place = root
        place.gaps |= leaf.gaps
        for parent in parents:
            inner = place.members.setdefault(parent, ObjectTree())
            if not isinstance(inner, ObjectTree):
                raise TypeError(f"field `{leaf.path}` lies inside a field that holds a value")
            place = inner
            place.gaps |= leaf.gaps
        place.members[last] = leaf.column
    return root


def build_objects(tree: ObjectTree, columns: Mapping[int, Sequence[Any]], rows: int) -> Iterator[dict[str, Any]]:
    """Yield one object for each row, without absent members and without empty objects."""
    names = list(tree.members)
    parts = [columns[m] if isinstance(m, int) else _inner(m, columns, rows) for m in tree.members.values()]
    if not parts:
        return ({} for _ in range(rows))
    if tree.gaps:
        return (
            {name: value for name, value in zip(names, row, strict=True) if value is not NO_VALUE}
            for row in zip(*parts, strict=True)
        )
    return (dict(zip(names, row, strict=True)) for row in zip(*parts, strict=True))


def _inner(tree: ObjectTree, columns: Mapping[int, Sequence[Any]], rows: int) -> Iterator[Any]:
    return (found or NO_VALUE for found in build_objects(tree, columns, rows))
