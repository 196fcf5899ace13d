"""Makes the JSON of many rows at once, column by column, for objects whose body holds a row's data as it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from reverse_etl.change_block import ChangeBlock
from reverse_etl.delivery.json_objects import ObjectTree
from reverse_etl.delivery.row_fields import RowFields, Source
from reverse_etl.destinations.operation import Body, JsonEncoder, Row, UnfitRow

if TYPE_CHECKING:
    import pyarrow as pa

# They stand for the identity and the data of a row while its frame is found. JSON has one way to write them.
_IDENTITY, _DATA = "\x00identity", "\x00data"


@dataclass(frozen=True)
class Frame:
    """The JSON around the identity and the data of a row: `before`, identity, `between`, data, `after`."""

    before: str
    between: str
    after: str


def find_frame(body: Body, key: str, *, partial: bool) -> Frame | None:
    """Return what `body` writes around the identity and the data of rows whose identifier is `key`.

    None if it does not hold the identity once and then the data once.
    """
    try:
        text = orjson.dumps(body(Row(_IDENTITY, {_DATA: 0}, {}, key, partial=partial))).decode()
    except UnfitRow:
        return None
    before, *rest = text.split(orjson.dumps(_IDENTITY).decode())
    if len(rest) != 1:
        return None
    between, *after = rest[0].split(orjson.dumps({_DATA: 0}).decode())
    return Frame(before, between, after[0]) if len(after) == 1 else None


@dataclass(frozen=True)
class JsonRows:
    """The JSON of the rows of one batch: `bodies` as bytes with a comma after each, and how many fields each carries.

    `odd` are the numbers of rows that have to be encoded one by one.
    """

    bodies: pa.Array
    fields_sent: pa.Array
    odd: Collection[int]


def encode_rows(
    batch: pa.RecordBatch, fields: RowFields, sources: Sequence[Source], frame: Frame, encode: JsonEncoder
) -> JsonRows:
    """Return the JSON of rows that all carry the same fields."""
    import pyarrow as pa
    import pyarrow.compute as pc

    identity = encode(batch.column("identity"), "")
    columns = {
        n: encode(batch.column(sources[n].column), sources[n].cast, as_json=sources[n].json) for n in fields.positions
    }
    texts = {n: column.texts for n, column in columns.items()}
    objects = _Objects({n: sources[n].skip_nulls for n in fields.positions}, texts, batch.num_rows)
    parts = [frame.before, identity.texts, frame.between, objects.make(fields.data), f"{frame.after},"]
    bodies = pc.binary_join_element_wise(*parts, "").cast(pa.binary())
    odd = set(identity.odd).union(*(column.odd for column in columns.values()))
    return JsonRows(bodies, objects.count_fields(), odd)


def block_of(rows: pa.RecordBatch, made: JsonRows, key: str, spared: int) -> ChangeBlock:
    """Return encoded rows of the plan as changes. No other row is about the user of one of them."""
    import pyarrow as pa

    heads = [rows.column("ordinal").cast("int64"), *(rows.column(name).cast("string") for name in ("kind", "identity"))]
    more = [pa.repeat("", len(rows)), made.bodies, made.fields_sent, pa.repeat(spared, len(rows))]
    names = ("ordinal", "kind", "identity", "user", "body", "fields_sent", "fields_spared")
    return ChangeBlock(pa.RecordBatch.from_arrays([*heads, *more], names=names), key)


@dataclass(frozen=True)
class _Objects:
    """Makes objects from the JSON texts of their members, which are NULL where the value is.

    `skipped`: whether a NULL is left out.
    """

    skipped: Mapping[int, bool]
    texts: Mapping[int, pa.Array]
    rows: int

    def make(self, tree: ObjectTree) -> pa.Array:
        """Return one object for each row, without absent members and without empty objects inside."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not tree.members:
            return pa.array(["{}"] * self.rows, pa.string())
        pieces: list[str | pa.Array] = []
        for name, member in tree.members.items():
            pieces += self._member(f",{orjson.dumps(name).decode()}:", member)
        if isinstance(pieces[0], str):  # the first member is always there
            return pc.binary_join_element_wise("{" + pieces[0][1:], *pieces[1:], "}", "")
        inside = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*pieces, ""), 1)
        return pc.binary_join_element_wise("{", inside, "}", "")

    def _member(self, name: str, member: int | ObjectTree) -> list[str | pa.Array]:
        """Return a member with a comma before it: its name and value, or both in one text, empty if it is absent."""
        import pyarrow.compute as pc

        if isinstance(member, int):
            texts = self.texts[member]
            if not self.skipped[member]:
                return [name, pc.fill_null(texts, "null")]
        else:
            texts = self.make(member)
            if not member.gaps:
                return [name, texts]
            texts = pc.if_else(pc.equal(texts, "{}"), None, texts)
        return [pc.fill_null(pc.binary_join_element_wise(name, texts, ""), "")]

    def count_fields(self) -> pa.Array:
        """Return how many fields each row carries. A skipped NULL is none."""
        import pyarrow as pa
        import pyarrow.compute as pc

        gaps = [self.texts[n].is_valid() for n, skipped in self.skipped.items() if skipped and self.texts[n].null_count]
        full = len(self.texts) - len(gaps)
        if not gaps:
            return pa.repeat(full, self.rows)
        there = gaps[0].cast("int64")
        for valid in gaps[1:]:
            there = pc.add(there, valid.cast("int64"))
        return pc.add(there, full)
