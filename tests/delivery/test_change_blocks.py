"""Blocks of changes are cut into the same batches as single changes, and hold the same changes."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.change import Change, Kind, PastFailure
from reverse_etl.change_block import ChangeBlock, count_fields, join_bodies, merge_by_ordinal, ordinals_of
from reverse_etl.delivery.batches.batch_cutter import BatchCutter
from reverse_etl.destinations.operation import Operation


def block_of(changes):
    columns = {
        "ordinal": pa.array([one.ordinal for one in changes], pa.int64()),
        "kind": pa.array([one.kind.value for one in changes], pa.string()),
        "identity": pa.array([one.identity for one in changes], pa.string()),
        "user": pa.array([one.user for one in changes], pa.string()),
        "body": pa.array([one.body + b"," for one in changes], pa.binary()),
        "fields_sent": pa.array([one.fields_sent for one in changes], pa.int64()),
        "fields_spared": pa.array([one.fields_spared for one in changes], pa.int64()),
    }
    rows = pa.RecordBatch.from_pydict(columns)
    return ChangeBlock(rows, "email", has_users=any(one.user for one in changes))


def make_parts(seed):
    """Successive changes in parts; some parts have users."""
    chance = random.Random(seed)
    parts, ordinal = [], 0
    for _ in range(chance.randrange(6)):
        users = ("", "a", "b") if chance.random() < 0.25 else ("",)
        part = []
        for _ in range(chance.randrange(12)):
            ordinal += chance.choice((1, 1, 1, 2))
            body, kind = b"x" * chance.randint(1, 40), chance.choice((Kind.ADDED, Kind.CHANGED))
            part.append(Change(ordinal, kind, f"u{ordinal}", body, chance.choice(users), "email", len(body), 2))
        parts.append(part)
    return parts


PARTS = st.integers(0, 2**32).map(make_parts)


@dataclass(frozen=True)
class _Limited(Operation):
    max_rows: int
    max_bytes: int
    several_of_user: bool
    overhead: int = 3

    def build(self, changes):
        raise NotImplementedError

    def read(self, changes, reply):
        raise NotImplementedError


def batches_of(cutter, parts):
    """All batches. A response comes when no more rows can go."""
    cut = []
    flying = []
    for batch in cutter.cut(iter(parts)):
        if batch is None:
            cutter.settle(flying)
            flying = []
        else:
            cut.append(list(batch))
            flying += [change.ordinal for change in batch]
    return cut, cutter.too_large


@given(PARTS, st.integers(1, 5), st.integers(20, 100), st.booleans(), st.sets(st.integers(0, 30)))
def test_blocks_are_cut_like_single_changes(parts, rows, size, several, failed):
    operation = _Limited(rows, size, several)
    past = {ordinal: PastFailure(4) for ordinal in failed}
    expected = batches_of(BatchCutter(operation, 4, past), parts)
    blocks = [block_of(part) for part in parts]
    assert batches_of(BatchCutter(operation, 4, past), blocks) == expected
    assert batches_of(BatchCutter(operation, 4, {}), blocks) == batches_of(BatchCutter(operation, 4, {}), parts)
    mixed = [block if number % 2 else part for number, (block, part) in enumerate(zip(blocks, parts, strict=True))]
    assert batches_of(BatchCutter(operation, 4, past), mixed) == expected


@given(PARTS)
def test_block_holds_the_same_changes(parts):
    changes = [change for part in parts for change in part]
    block = block_of(changes)
    assert list(block) == changes
    assert [block[number] for number in range(-len(changes), len(changes))] == changes * 2
    for chosen in (slice(1, 4), slice(None, None, 2), slice(3, None)):
        assert list(block[chosen]) == changes[chosen]
    assert list(block.without({0, 2})) == [one for number, one in enumerate(changes) if number not in (0, 2)]
    if changes:
        tail, listed = block[len(changes) // 2 :], changes[len(changes) // 2 :]
        assert join_bodies(tail) == join_bodies(listed)
        assert list(ordinals_of(tail)) == ordinals_of(listed)
        assert count_fields(tail) == count_fields(listed)
        assert (tail.size, tail.largest) == (
            sum(len(one.body) + 1 for one in listed),
            max(len(one.body) + 1 for one in listed),
        )


@given(PARTS, st.booleans())
def test_parts_are_merged_in_the_order_of_the_plan(parts, has_list):
    changes = [replace_user(change) for part in parts for change in part]
    odd, even = changes[1::2], changes[::2]
    merged = merge_by_ordinal([block_of(odd), even if has_list else block_of(even)])
    assert list(merged) == changes
    assert not (has_list and odd and even) or isinstance(merged, list)


def replace_user(change):
    return change._replace(user="")
