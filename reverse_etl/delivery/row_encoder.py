"""Encodes batches of a plan into changes, each with its JSON. The destination encodes the values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from reverse_etl.change import Change, Kind, Outcome, Status
from reverse_etl.destinations.operation import Body, ColumnEncoder, Row, UnfitRow, Unsendable
from reverse_etl.sync import IdentityRule

if TYPE_CHECKING:
    import pyarrow as pa

_KINDS = {kind.value: kind for kind in Kind}
# Stands for a value that is not sent at all.
_ABSENT = object()
_NO_RULE = IdentityRule("", ())


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
class Encoded:
    """The rows of one Arrow batch: rows to send, rows that cannot be sent, and ordinals that the plan held back."""

    changes: Sequence[Change]
    outcomes: Sequence[Outcome]
    invalid: Sequence[int]


@dataclass
class _Node:
    """An object of the JSON: by name the index of a source, or an object. `gaps`: some members can be absent."""

    members: dict[str, int | _Node] = field(default_factory=dict)
    gaps: bool = False


@dataclass(frozen=True)
class RowFormat:
    """How a row is encoded: `body` makes its JSON, `encode_column` its values. `user` is its user, if that matters.

    `keeps_on_clear`: fields that stay when a removed row is cleared. `rule` is how its rows are identified.
    """

    body: Body
    encode_column: ColumnEncoder
    user: Callable[[Row], str] | None = None
    keeps_on_clear: Sequence[str] = ()
    rule: IdentityRule = _NO_RULE

    def identified(self, identity: str) -> tuple[str, str]:
        """Return the key of a row's identifier, and its text without a mark."""
        other = self.rule.otherwise
        if other is not None and identity.startswith(other.mark):
            return other.key, identity[len(other.mark) :]
        return self.rule.key, identity


class Encoder:
    """Turns batches of the plan into changes."""

    def __init__(self, sources: Sequence[Source], form: RowFormat) -> None:
        """`sources` are all values that a row takes from the plan."""
        self._sources = sources
        self._form = form
        data = [source for source in sources if not source.from_key]
        self._data = _tree(data, sources)
        self._key_values = _tree([source for source in sources if source.from_key], sources)
        cleared = [source for source in data if source.path not in form.keeps_on_clear]
        self._cleared = next(_objects(_tree(cleared, cleared), [[None]] * len(cleared), 1))

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """Return the rows of a batch. Its columns are ordinal, kind and identity, then the sources' by name."""
        columns = [self._values(source, batch) for source in self._sources]
        unsendable = _unsendable(self._sources, columns)
        heads = [batch.column(name).to_pylist() for name in ("ordinal", "kind", "identity")]
        trees = [_objects(tree, columns, batch.num_rows) for tree in (self._data, self._key_values)]
        changes: list[Change] = []
        outcomes: list[Outcome] = []
        invalid: list[int] = []
        for index, (ordinal, kind, identity, data, key_values) in enumerate(zip(*heads, *trees, strict=True)):
            if kind == "invalid":
                invalid.append(ordinal)
                continue
            removed = kind == "removed"
            if index in unsendable and not removed:
                outcomes.append(_held_back(ordinal, unsendable[index]))
                continue
            key, text = self._form.identified(identity)
            row = Row(text, self._cleared, {}, key, removed=True) if removed else Row(text, data, key_values, key)
            made = self._change(ordinal, _KINDS[kind], row)
            if isinstance(made, Change):
                changes.append(made)
            else:
                outcomes.append(made)
        return Encoded(changes, outcomes, invalid)

    def _change(self, ordinal: int, kind: Kind, row: Row) -> Change | Outcome:
        form = self._form
        try:
            json = orjson.dumps(form.body(row))
            user = "" if form.user is None or row.removed else form.user(row)
        except UnfitRow as unfit:
            return Outcome(ordinal, unfit.status, unfit.code, unfit.reason)
        except TypeError as error:  # nested deeper than the encoder goes
            return _held_back(ordinal, f"a value is not valid JSON: {error}")
        return Change(ordinal, kind, row.identity, json, user, row.key)

    def _values(self, source: Source, batch: pa.RecordBatch) -> list[Any]:
        values = self._form.encode_column(batch.column(source.column), source.cast, as_json=source.json)
        return [_ABSENT if value is None else value for value in values] if source.skip_nulls else values


def _tree(chosen: Sequence[Source], sources: Sequence[Source]) -> _Node:
    """Return the object that some of the sources make. Its leaves are indexes in `sources`."""
    root = _Node()
    places = {id(source): index for index, source in enumerate(sources)}
    for source in chosen:
        *parents, last = source.path.split(".")
        place = root
        place.gaps |= source.skip_nulls
        for parent in parents:
            inner = place.members.setdefault(parent, _Node())
            if not isinstance(inner, _Node):
                raise TypeError(f"field `{source.path}` lies inside a field that holds a value")
            place = inner
            place.gaps |= source.skip_nulls
        place.members[last] = places[id(source)]
    return root


def _objects(node: _Node, columns: Sequence[Sequence[Any]], rows: int) -> Iterator[dict[str, Any]]:
    """Yield one object for each row, without absent members and without empty objects."""
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
    """Return the reason why a value cannot be sent, by row number."""
    found: dict[int, str] = {}
    for source, column in zip(sources, columns, strict=True):
        if Unsendable in map(type, column):
            for index, value in enumerate(column):
                if type(value) is Unsendable:
                    found.setdefault(index, f"field `{source.path}`: {value.reason}")
    return found


def _held_back(ordinal: int, reason: str) -> Outcome:
    return Outcome(ordinal, Status.INVALID, "unsendable-value", reason)
