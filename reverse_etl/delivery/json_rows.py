"""Makes the JSON of many rows at once, column by column."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from reverse_etl.change_block import ChangeBlock
from reverse_etl.delivery.json_objects import ObjectTree
from reverse_etl.delivery.row_fields import RowFields, Source
from reverse_etl.destinations.column_body import ColumnBody, JsonColumn, JsonEncoder, RowColumns, find_rows

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class JsonRows:
    """The JSON of the rows of one batch: `bodies` as bytes with a comma after each, and how many fields each carries.

    - `users` are the users of the rows, if they matter.
    - `odd` are the numbers of rows that have to be encoded one by one.
    """

    bodies: pa.Array
    fields_sent: pa.Array
    users: pa.Array | None
    odd: Collection[int]


class BatchColumns(RowColumns):
    """The rows of one batch, all with the same fields."""

    def __init__(
        self, batch: pa.RecordBatch, fields: RowFields, sources: Sequence[Source], encode: JsonEncoder, key: str
    ) -> None:
        """`sources` are all fields of the plan. `key` names the identifier of all rows."""
        self.rows: int = batch.num_rows
        self.key, self.partial = key, fields.partial
        self.identity = encode(batch.column("identity"), "")
        self._sources, self._tree = {n: sources[n] for n in fields.positions}, fields.data
        self._columns = {
            n: encode(batch.column(source.column), source.cast, as_json=source.json)
            for n, source in self._sources.items()
        }
        self.data = self._by_path(from_key=False)
        self.key_values = self._by_path(from_key=True)

    def _by_path(self, *, from_key: bool) -> dict[str, JsonColumn]:
        return {self._sources[n].path: c for n, c in self._columns.items() if self._sources[n].from_key is from_key}

    @property
    def odd(self) -> set[int]:
        """Return the rows with a value that has to be encoded by itself."""
        return set(self.identity.odd).union(*(column.odd for column in self._columns.values()))

    def build_data(self, *, keeps_nulls: bool = True) -> JsonColumn:
        return JsonColumn(self._build(self._tree, keeps_nulls=keeps_nulls))

    def _build(self, tree: ObjectTree, *, keeps_nulls: bool) -> pa.Array:
        """Return one object for each row, without absent members and without empty objects inside."""
        import pyarrow.compute as pc

        members: dict[str, object] = {}
        for name, member in tree.members.items():
            if isinstance(member, int):
                texts = self._columns[member].texts
                keeps = keeps_nulls and not self._sources[member].skip_nulls
                members[name] = JsonColumn(pc.fill_null(texts, "null") if keeps else texts)
            else:
                texts = self._build(member, keeps_nulls=keeps_nulls)
                may_be_empty = member.gaps or not keeps_nulls
                members[name] = JsonColumn(pc.if_else(pc.equal(texts, "{}"), None, texts) if may_be_empty else texts)
        return join_members(members, self.rows).texts

    def count_fields(self) -> pa.Array:
        """Return how many fields each row carries. A skipped NULL is none."""
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = {n: column.texts for n, column in self._columns.items() if self._sources[n].skip_nulls}
        gaps = [texts.is_valid() for texts in columns.values() if texts.null_count]
        full = len(self._columns) - len(gaps)
        if not gaps:
            return pa.repeat(full, self.rows)
        there = gaps[0].cast("int64")
        for valid in gaps[1:]:
            there = pc.add(there, valid.cast("int64"))
        return pc.add(there, full)


def encode_rows(columns: BatchColumns, body: ColumnBody) -> JsonRows | None:
    """Return the JSON of rows that all carry the same fields; None if they have to be encoded one by one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    built = body.build(columns)
    if built is None:
        return None
    found = built if isinstance(built, JsonColumn) else join_members(built, columns.rows)
    fields_sent, odd = columns.count_fields(), columns.odd.union(found.odd)
    if columns.partial:  # it may carry nothing, and then needs no request
        odd.update(find_rows(pc.equal(fields_sent, 0)))
    users = None if body.users is None else body.users(columns)
    bodies = pc.binary_join_element_wise(found.texts, ",", "")
    return JsonRows(bodies.cast(pa.binary()), fields_sent, users, odd)


def block_of(rows: pa.RecordBatch, made: JsonRows, key: str, spared: int) -> ChangeBlock:
    """Return encoded rows of the plan as changes."""
    import pyarrow as pa

    heads = [rows.column("ordinal").cast("int64"), *(rows.column(name).cast("string") for name in ("kind", "identity"))]
    users = pa.repeat("", len(rows)) if made.users is None else made.users
    more = [users, made.bodies, made.fields_sent, pa.repeat(spared, len(rows))]
    names = ("ordinal", "kind", "identity", "user", "body", "fields_sent", "fields_spared")
    return ChangeBlock(pa.RecordBatch.from_arrays([*heads, *more], names=names), key, made.users is not None)


def join_members(members: Mapping[str, object], rows: int) -> JsonColumn:
    """Return objects of these members: columns, objects or constants. A NULL of a column is left out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not members:
        return JsonColumn(pa.array(["{}"] * rows, pa.string()))
    pieces: list[str | pa.Array] = []
    odd: set[int] = set()
    for name, member in members.items():
        found = join_members(member, rows) if isinstance(member, Mapping) else member
        before = f",{orjson.dumps(name).decode()}:"
        if not isinstance(found, JsonColumn):
            pieces.append(before + orjson.dumps(found).decode())
            continue
        odd.update(found.odd)
        if found.texts.null_count:
            pieces.append(pc.fill_null(pc.binary_join_element_wise(before, found.texts, ""), ""))
        else:
            pieces += [before, found.texts]
    if isinstance(pieces[0], str):  # the first member is always there
        return JsonColumn(pc.binary_join_element_wise("{" + pieces[0][1:], *pieces[1:], "}", ""), odd)
    inside = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*pieces, ""), 1)
    return JsonColumn(pc.binary_join_element_wise("{", inside, "}", ""), odd)
