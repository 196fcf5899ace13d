"""ChangeBlock: many changes as columns. A row becomes a Python object only if it is needed by itself."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, overload

from reverse_etl.change import Change, Kind

if TYPE_CHECKING:
    import pyarrow as pa

_KINDS = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, eq=False)
class ChangeBlock(Sequence[Change]):
    """Changes in the order of the plan. All have the same `key`, which names their identifier.

    `rows` has the columns ordinal, kind, identity, user, body, fields_sent and fields_spared, without NULL. Each body
    ends with a comma, so that a request takes the bodies of successive rows as one piece.
    `has_users`: the user of some row is known, so other rows may be about the same user.
    """

    rows: pa.RecordBatch
    key: str
    has_users: bool = False

    def __len__(self) -> int:
        count: int = self.rows.num_rows
        return count

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> ChangeBlock: ...
    def __getitem__(self, index: int | slice) -> Change | ChangeBlock:
        if isinstance(index, int):
            [change] = ChangeBlock(self.rows.slice(range(len(self))[index], 1), self.key)
            return change
        chosen = range(len(self))[index]
        if chosen.step != 1:
            return self._pick(list(chosen))
        return ChangeBlock(self.rows.slice(chosen.start, len(chosen)), self.key, self.has_users)

    def __iter__(self) -> Iterator[Change]:
        ordinals, kinds, identities, users, bodies, sent, spared = (one.to_pylist() for one in self.rows.columns)
        rows = zip(ordinals, kinds, identities, bodies, users, sent, spared, strict=True)
        for ordinal, kind, identity, body, user, fields_sent, fields_spared in rows:
            yield Change(ordinal, _KINDS[kind], identity, body[:-1], user, self.key, fields_sent, fields_spared)

    @cached_property
    def _ends(self) -> memoryview:
        """Return where the bodies begin and end in their buffer: one number more than there are rows."""
        bodies = self.rows.column("body")
        numbers = memoryview(bodies.buffers()[1]).cast("b").cast("i")
        return numbers[bodies.offset : bodies.offset + len(bodies) + 1]

    @property
    def ordinals(self) -> Sequence[int]:
        """Return the ordinals: a range if there is no gap."""
        ordinals = self.rows.column("ordinal")
        first, last = ordinals[0].as_py(), ordinals[-1].as_py()
        if last - first + 1 == len(self):
            return range(first, last + 1)
        found: list[int] = ordinals.to_pylist()
        return found

    @property
    def size(self) -> int:
        """Return the bytes of all bodies, with a comma after each."""
        return self._ends[-1] - self._ends[0]

    @property
    def largest(self) -> int:
        """Return the bytes of the largest body, with its comma."""
        import pyarrow.compute as pc

        found: int = pc.max(pc.binary_length(self.rows.column("body"))).as_py()
        return found

    def count_fitting(self, start: int, room: int, most: int) -> int:
        """Return how many rows from number `start` on have `room` bytes, with a comma after each; at most `most`."""
        ends, last = self._ends, min(start + most, len(self))
        return bisect_right(ends, ends[start] + room, start, last + 1) - 1 - start

    def join_bodies(self) -> bytes:
        """Return the bodies with commas between them."""
        data = memoryview(self.rows.column("body").buffers()[2])
        return bytes(data[self._ends[0] : self._ends[-1] - 1])

    def without(self, numbers: Collection[int]) -> ChangeBlock:
        """Return the rows that do not have these numbers."""
        return self._pick([number for number in range(len(self)) if number not in numbers])

    def _pick(self, numbers: Sequence[int]) -> ChangeBlock:
        import pyarrow as pa

        return ChangeBlock(self.rows.take(pa.array(numbers, pa.int64())), self.key, self.has_users)


def join_bodies(changes: Sequence[Change]) -> bytes:
    """Return the JSON of changes with commas between them."""
    if isinstance(changes, ChangeBlock):
        return changes.join_bodies()
    return b",".join([change.body for change in changes])


def ordinals_of(changes: Sequence[Change]) -> Sequence[int]:
    """Return the ordinals of changes."""
    return changes.ordinals if isinstance(changes, ChangeBlock) else [change.ordinal for change in changes]


def count_fields(changes: Sequence[Change]) -> tuple[int, int]:
    """Return how many fields changes carry, and how many stay out because they did not change."""
    if isinstance(changes, ChangeBlock):
        import pyarrow.compute as pc

        sent, spared = (int(pc.sum(changes.rows.column(name)).as_py()) for name in ("fields_sent", "fields_spared"))
        return sent, spared
    return sum(change.fields_sent for change in changes), sum(change.fields_spared for change in changes)


def concatenate(parts: Sequence[Sequence[Change]]) -> Sequence[Change]:
    """Return the changes of all parts, one part after the other: as a block if all parts are blocks of one key."""
    if len(parts) == 1:
        return parts[0]
    blocks = [part for part in parts if isinstance(part, ChangeBlock)]
    if len(blocks) < len(parts) or len({block.key for block in blocks}) != 1:
        return list(chain.from_iterable(parts))
    import pyarrow as pa

    [rows] = pa.Table.from_batches([block.rows for block in blocks]).combine_chunks().to_batches()
    return ChangeBlock(rows, blocks[0].key, any(block.has_users for block in blocks))


def merge_by_ordinal(parts: Sequence[Sequence[Change]]) -> Sequence[Change]:
    """Return the changes of all parts in the order of the plan. Each part is in this order by itself."""
    together = concatenate([part for part in parts if part] or [[]])
    if len(parts) == 1:
        return together
    if isinstance(together, ChangeBlock):
        import pyarrow.compute as pc

        order = pc.sort_indices(together.rows.column("ordinal"))
        return ChangeBlock(together.rows.take(order), together.key, together.has_users)
    return sorted(together, key=lambda change: change.ordinal)
