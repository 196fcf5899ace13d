"""Which fields a row carries: all of its fields, or only its changed fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reverse_etl.delivery.json_objects import Leaf, ObjectTree, build_tree

# Before the positions of the changed fields of a row that goes whole.
WHOLE_ROW = "*,"


@dataclass(frozen=True)
class Source:
    """One field and the column of the plan it comes from. `json`: the column holds JSON text.

    `from_key`: it is not part of the row's data. `cast` is the destination's type that its values must fit, if any.
    """

    path: str
    column: str
    json: bool = False
    skip_nulls: bool = False
    from_key: bool = False
    cast: str = ""


@dataclass(frozen=True)
class RowFields:
    """The fields that some rows carry: `positions` among all sources, and the objects that they make.

    `spared` is the number of fields that stay out because they did not change.
    """

    positions: Sequence[int]
    data: ObjectTree
    key_values: ObjectTree
    spared: int = 0
    partial: bool = False


def all_fields(sources: Sequence[Source]) -> RowFields:
    """Return the fields of a row that goes whole."""
    return _fields_at(range(len(sources)), sources)


def changed_fields(changed: str, sources: Sequence[Source], merge_depth: int) -> RowFields:
    """Return the fields that a changed row carries. `changed` holds positions, such as `0,3,`.

    A destination that merges `merge_depth` levels of objects replaces each object below them. So the members of such
    an object go together.
    """
    names = {_replaced_object(sources[int(text)], merge_depth) for text in changed.split(",") if text}
    positions = [n for n, source in enumerate(sources) if _replaced_object(source, merge_depth) in names]
    return _fields_at(positions, sources, partial=True)


def _replaced_object(source: Source, merge_depth: int) -> tuple[bool, Sequence[str]]:
    """Return the name of the smallest object that the destination replaces as a whole if this field is sent."""
    return source.from_key, tuple(source.path.split(".")[:merge_depth])


def _fields_at(positions: Sequence[int], sources: Sequence[Source], *, partial: bool = False) -> RowFields:
    data = build_tree(_leaves(positions, sources, from_key=False))
    key_values = build_tree(_leaves(positions, sources, from_key=True))
    return RowFields(positions, data, key_values, len(sources) - len(positions), partial)


def _leaves(positions: Iterable[int], sources: Sequence[Source], *, from_key: bool) -> Iterator[Leaf]:
    for position in positions:
        source = sources[position]
        if source.from_key is from_key:
            yield Leaf(source.path, position, source.skip_nulls)
