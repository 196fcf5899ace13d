"""Encode: batches of a plan into changes, each with its JSON; what a value becomes is told by `values`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from reverse_etl.change import Change, Kind, Outcome, Status
from reverse_etl.iterable.base import Body

if TYPE_CHECKING:
    import pyarrow as pa

_KINDS = {kind.value: kind for kind in Kind}
# Stands for a value that is not sent at all.
_ABSENT = object()


@dataclass(frozen=True)
class Source:
    """One field and the column of the plan it comes from. `json`: the column holds JSON text."""

    path: str
    column: str
    json: bool = False
    skip_nulls: bool = False


@dataclass(frozen=True)
class Encoded:
    """Rows of one Arrow batch: those to send, why others cannot be sent, and ordinals that the plan held back."""

    changes: Sequence[Change]
    outcomes: Sequence[Outcome]
    invalid: Sequence[int]


@dataclass
class _Node:
    """An object of the JSON: by name the index of a source, or an object. `gaps`: some members can be absent."""

    members: dict[str, int | _Node] = field(default_factory=dict)
    gaps: bool = False


class Encoder:
    """Turns batches of the plan into changes. `body` puts identity and data together as the object wants them."""

    def __init__(self, sources: Sequence[Source], body: Body, keeps_on_clear: Sequence[str] = ()) -> None:
        """`keeps_on_clear`: fields that clearing a removed row leaves alone."""
        self._sources = sources
        self._body = body
        self._root = _tree(sources)
        cleared = [source for source in sources if source.path not in keeps_on_clear]
        self._cleared = next(_objects(_tree(cleared), [[None]] * len(cleared), 1))

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """Columns: ordinal, kind, identity, then those of the sources, by name."""
        columns = [self._values(source, batch) for source in self._sources]
        unsendable = _unsendable(self._sources, columns)
        heads = zip(*[batch.column(name).to_pylist() for name in ("ordinal", "kind", "identity")], strict=True)
        changes: list[Change] = []
        outcomes: list[Outcome] = []
        invalid: list[int] = []
        data = _objects(self._root, columns, batch.num_rows)
        for index, ((ordinal, kind, identity), fields) in enumerate(zip(heads, data, strict=True)):
            removed = kind == "removed"
            if kind == "invalid":
                invalid.append(ordinal)
            elif index in unsendable and not removed:
                outcomes.append(_held_back(ordinal, unsendable[index]))
            else:
                try:
                    json = orjson.dumps(self._body(identity, self._cleared if removed else fields))
                    changes.append(Change(ordinal, _KINDS[kind], identity, json))
                except TypeError as error:  # nested deeper than the encoder goes
                    outcomes.append(_held_back(ordinal, f"a value is no JSON: {error}"))
        return Encoded(changes, outcomes, invalid)

    def _values(self, source: Source, batch: pa.RecordBatch) -> list[Any]:
        from reverse_etl.iterable.values import convert  # needs pyarrow, which comes with a warehouse

        values = convert(batch.column(source.column), as_json=source.json)
        return [_ABSENT if value is None else value for value in values] if source.skip_nulls else values


def _tree(sources: Sequence[Source]) -> _Node:
    root = _Node()
    for index, source in enumerate(sources):
        *parents, last = source.path.split(".")
        place = root
        place.gaps |= source.skip_nulls
        for parent in parents:
            inner = place.members.setdefault(parent, _Node())
            if not isinstance(inner, _Node):
                raise TypeError(f"field `{source.path}` lies inside a field that holds a value")
            place = inner
            place.gaps |= source.skip_nulls
        place.members[last] = index
    return root


def _objects(node: _Node, columns: Sequence[Sequence[Any]], rows: int) -> Iterator[dict[str, Any]]:
    """One object a row, made when it is asked for; absent members are left out, and so are objects with none left."""
    names = list(node.members)
    parts = [columns[m] if isinstance(m, int) else _inner(m, columns, rows) for m in node.members.values()]
    if not parts:
        return ({} for _ in range(rows))
    if node.gaps:
        return (
            {name: value for name, value in zip(names, row, strict=True) if value is not _ABSENT}
            for row in zip(*parts, strict=True)
        )
    return (dict(zip(names, row, strict=True)) for row in zip(*parts, strict=True))


def _inner(node: _Node, columns: Sequence[Sequence[Any]], rows: int) -> Iterator[Any]:
    return (found or _ABSENT for found in _objects(node, columns, rows))


def _unsendable(sources: Sequence[Source], columns: Sequence[list[Any]]) -> Mapping[int, str]:
    """Row number to the reason why one of its values cannot be sent."""
    from reverse_etl.iterable.values import Unsendable

    found: dict[int, str] = {}
    for source, column in zip(sources, columns, strict=True):
        if Unsendable in map(type, column):
            for index, value in enumerate(column):
                if type(value) is Unsendable:
                    found.setdefault(index, f"field `{source.path}`: {value.reason}")
    return found


def _held_back(ordinal: int, reason: str) -> Outcome:
    return Outcome(ordinal, Status.INVALID, "unsendable-value", reason)
