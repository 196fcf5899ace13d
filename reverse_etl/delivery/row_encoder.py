"""Encodes batches of a plan into changes, each with its JSON. The destination encodes the values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import orjson

from reverse_etl.change import Change, Kind, Outcome, Status
from reverse_etl.change_block import merge_by_ordinal
from reverse_etl.delivery.json_objects import NO_VALUE, Leaf, build_objects, build_tree
from reverse_etl.delivery.json_rows import BatchColumns, block_of, encode_rows
from reverse_etl.delivery.plan_columns import PlanColumns, pick_rows
from reverse_etl.delivery.row_fields import WHOLE_ROW, RowFields, Source, all_fields, changed_fields
from reverse_etl.destinations.column_body import ColumnBody, JsonEncoder
from reverse_etl.destinations.operation import (
    NOTHING_TO_SEND,
    Body,
    ColumnEncoder,
    Row,
    UnfitRow,
    Unsendable,
)
from reverse_etl.sync import IdentityRule

if TYPE_CHECKING:
    import pyarrow as pa

_KINDS = {kind.value: kind for kind in Kind}
_NO_RULE = IdentityRule("", ())
# How many sets of changed fields are prepared at a time.
_MOST_FIELD_SETS = 1000
_WRITTEN = {Kind.ADDED.value, Kind.CHANGED.value, Kind.RESENT.value}
# Fewer rows are encoded one by one.
_LEAST_ROWS = 16


@dataclass
class Encoded:
    """The rows of one Arrow batch: rows to send, rows that cannot be sent, and ordinals without a request.

    `invalid` ordinals were held back by the plan. `unneeded` ordinals differ in nothing that a request can carry.
    """

    changes: Sequence[Change] = ()
    outcomes: list[Outcome] = field(default_factory=list)
    invalid: list[int] = field(default_factory=list)
    unneeded: list[int] = field(default_factory=list)

    def sort(self) -> None:
        """Put the rows without a request back into the order of the plan."""
        self.outcomes.sort(key=lambda outcome: outcome.ordinal)
        self.invalid.sort()
        self.unneeded.sort()


@dataclass(frozen=True)
class RowFormat:
    """How a row is encoded: `body` makes its JSON, `encode_column` its values. `user` is its user, if that matters.

    - `keeps_on_clear`: fields that stay when a removed row is cleared.
    - `rule` is how its rows are identified.
    - `merge_depth`: changed rows carry only their changed fields, and the destination merges so many levels of
      objects. None: every row goes whole.
    - `encode_json` makes the JSON of a column, `by_column` the JSON of many rows. None: rows are encoded one by one.
    """

    body: Body
    encode_column: ColumnEncoder
    user: Callable[[Row], str] | None = None
    keeps_on_clear: Sequence[str] = ()
    rule: IdentityRule = _NO_RULE
    merge_depth: int | None = None
    encode_json: JsonEncoder | None = None
    by_column: ColumnBody | None = None

    def identified(self, identity: str) -> tuple[str, str]:
        """Return the key of a row's identifier, and its text without a mark."""
        other = self.rule.otherwise
        if other is not None and identity.startswith(other.mark):
            return other.key, identity[len(other.mark) :]
        return self.rule.key, identity


@dataclass(frozen=True)
class _Group:
    """Rows of a batch that carry the same fields; `rows` are their numbers, None for the whole batch."""

    fields: RowFields
    rows: Sequence[int] | None = None


class Encoder:
    """Turns batches of the plan into changes."""

    def __init__(self, sources: Sequence[Source], form: RowFormat) -> None:
        """`sources` are all values that a row takes from the plan."""
        self._sources = sources
        self._form = form
        self._whole = all_fields(sources)
        depth = form.merge_depth or 1
        find_fields = partial(changed_fields, sources=sources, merge_depth=depth)
        self._changed_fields = lru_cache(_MOST_FIELD_SETS)(find_fields)
        data = [source for source in sources if not source.from_key and source.path not in form.keeps_on_clear]
        cleared = build_tree(Leaf(source.path, 0) for source in data)
        self._cleared = next(build_objects(cleared, {0: [None]}, 1))

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """Return the rows of a batch. Its columns are ordinal, kind and identity, then the sources' by name.

        If only changed fields are sent, it also has `changed`.
        """
        encoded = Encoded()
        columns = PlanColumns(batch, lambda position: self._values(self._sources[position], batch))
        parts: list[Sequence[Change]] = []
        for group in self._groups(batch):
            rest = self._encode_by_column(parts, group, columns)
            if rest.rows is None:
                parts.append(
                    self._encode_rows(encoded, rest.fields, columns.heads, columns.values(rest.fields.positions))
                )
            elif rest.rows:
                heads = [pick_rows(head, rest.rows) for head in columns.heads]
                values = columns.values(rest.fields.positions).items()
                picked = {position: pick_rows(column, rest.rows) for position, column in values}
                parts.append(self._encode_rows(encoded, rest.fields, heads, picked))
        encoded.changes = merge_by_ordinal(parts)
        if len(parts) > 1:
            encoded.sort()
        return encoded

    def fields_of(self, changed: str | None) -> RowFields:
        """Return the fields that a row carries. `changed` is the plan's column."""
        whole = self._form.merge_depth is None or changed is None or changed.startswith(WHOLE_ROW)
        return self._whole if whole else self._changed_fields(changed)

    def _encode_by_column(self, parts: list[Sequence[Change]], group: _Group, columns: PlanColumns) -> _Group:
        """Add rows whose JSON can be made column by column. Return the other rows."""
        fields, batch = group.fields, columns.batch
        encode, body = self._form.encode_json, self._form.by_column
        if encode is None or body is None:
            return group
        chosen, others = self._divide(range(batch.num_rows) if group.rows is None else group.rows, columns)
        if len(chosen) < _LEAST_ROWS:
            return group
        key = self._form.rule.key
        rows = batch if len(chosen) == batch.num_rows else batch.take(chosen)
        made = encode_rows(BatchColumns(rows, fields, self._sources, encode, key), body)
        if made is None:
            return group
        block = block_of(rows, made, key, fields.spared)
        parts.append(block.without(made.odd) if made.odd else block)
        return _Group(fields, [*others, *(chosen[index] for index in made.odd)])

    def _divide(self, rows: Sequence[int], columns: PlanColumns) -> tuple[Sequence[int], Sequence[int]]:
        """Return the rows that are written and have the first identifier, and the other rows."""
        import pyarrow.compute as pc

        other = self._form.rule.otherwise
        if other is None and _WRITTEN.issuperset(pc.unique(columns.batch.column("kind")).to_pylist()):
            return rows, ()
        _, kinds, identities = columns.heads
        chosen: list[int] = []
        others: list[int] = []
        for row in rows:
            plain = kinds[row] in _WRITTEN and not (other is not None and identities[row].startswith(other.mark))
            (chosen if plain else others).append(row)
        return chosen, others

    def _groups(self, batch: pa.RecordBatch) -> list[_Group]:
        """Return the rows of a batch by the fields that they carry."""
        import pyarrow.compute as pc

        if self._form.merge_depth is None:
            return [_Group(self._whole)]
        column = batch.column("changed")
        if pc.all(pc.fill_null(pc.starts_with(column, WHOLE_ROW), fill_value=True)).as_py():
            return [_Group(self._whole)]
        rows: dict[str, list[int]] = {}
        for number, changed in enumerate(column.to_pylist()):
            whole = changed is None or changed.startswith(WHOLE_ROW)
            rows.setdefault(WHOLE_ROW if whole else changed, []).append(number)
        if len(rows) == 1:
            return [_Group(self.fields_of(changed)) for changed in rows]
        return [_Group(self.fields_of(changed), numbers) for changed, numbers in rows.items()]

    def _encode_rows(
        self,
        encoded: Encoded,
        fields: RowFields,
        heads: Sequence[Sequence[Any]],
        values: Mapping[int, Sequence[Any]],
    ) -> list[Change]:
        """Return rows that carry the same fields, and note the rows that are not sent.

        `heads` are the plan's columns, `values` the fields' by position.
        """
        changes: list[Change] = []
        count = len(heads[0])
        sources = {position: self._sources[position] for position in fields.positions}
        unsendable = _unsendable(sources, values)
        trees = [build_objects(tree, values, count) for tree in (fields.data, fields.key_values)]
        sent = _count_fields(sources, values, count)
        rows = zip(*heads, *trees, sent, strict=True)
        for index, (ordinal, kind, identity, data, key_values, number) in enumerate(rows):
            if kind == "invalid":
                encoded.invalid.append(ordinal)
                continue
            removed = kind == "removed"
            if index in unsendable and not removed:
                encoded.outcomes.append(_held_back(ordinal, unsendable[index]))
                continue
            key, text = self._form.identified(identity)
            if removed:
                row, numbers = Row(text, self._cleared, {}, key, removed=True), (0, 0)
            else:
                row, numbers = Row(text, data, key_values, key, partial=fields.partial), (number, fields.spared)
            made = self._change(ordinal, _KINDS[kind], row, numbers)
            if isinstance(made, Change):
                changes.append(made)
            elif made is None:
                encoded.unneeded.append(ordinal)
            else:
                encoded.outcomes.append(made)
        return changes

    def _change(self, ordinal: int, kind: Kind, row: Row, fields: tuple[int, int]) -> Change | Outcome | None:
        """Return the change of a row, or why it cannot be sent. None: it differs in nothing that a request carries."""
        form = self._form
        if row.partial and not (row.data or row.key_values):
            return None
        try:
            json = orjson.dumps(form.body(row))
            user = "" if form.user is None or row.removed else form.user(row)
        except UnfitRow as unfit:
            if row.partial and unfit.code == NOTHING_TO_SEND:
                return None
            return Outcome(ordinal, unfit.status, unfit.code, unfit.reason)
        except TypeError as error:  # nested deeper than the encoder goes
            return _held_back(ordinal, f"a value is not valid JSON: {error}")
        return Change(ordinal, kind, row.identity, json, user, row.key, *fields)

    def _values(self, source: Source, batch: pa.RecordBatch) -> list[Any]:
        values = self._form.encode_column(batch.column(source.column), source.cast, as_json=source.json)
        return [NO_VALUE if value is None else value for value in values] if source.skip_nulls else values


def _count_fields(sources: Mapping[int, Source], values: Mapping[int, Sequence[Any]], rows: int) -> Iterator[int]:
    """Yield how many fields each row carries. A skipped NULL is none."""
    gaps = [values[n] for n, source in sources.items() if source.skip_nulls and NO_VALUE in values[n]]
    full = len(sources) - len(gaps)
    if not gaps:
        return (full for _ in range(rows))
    return (full + len(row) - row.count(NO_VALUE) for row in zip(*gaps, strict=True))


def _unsendable(sources: Mapping[int, Source], values: Mapping[int, Sequence[Any]]) -> Mapping[int, str]:
    """Return the reason why a value cannot be sent, by row number."""
    found: dict[int, str] = {}
    for position, source in sources.items():
        column = values[position]
        if Unsendable in map(type, column):
            for index, value in enumerate(column):
                if type(value) is Unsendable:
                    found.setdefault(index, f"field `{source.path}`: {value.reason}")
    return found


def _held_back(ordinal: int, reason: str) -> Outcome:
    return Outcome(ordinal, Status.INVALID, "unsendable-value", reason)
