"""Ranges behave as the set of numbers they stand for."""

from __future__ import annotations

import itertools

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.snapshot.ranges import Ranges

numbers = st.integers(0, 40)
intervals = st.lists(st.tuples(numbers, numbers), max_size=12)


def made(pairs):
    ranges = Ranges()
    for start, end in pairs:
        ranges.add(start, end)
    return ranges, {number for start, end in pairs for number in range(start, end)}


@given(intervals)
def test_ranges_hold_what_was_put_in(pairs):
    ranges, numbers = made(pairs)
    assert {number for number in range(-1, 42) if number in ranges} == numbers
    assert len(ranges) == len(numbers)
    assert {number for start, end in ranges for number in range(start, end)} == numbers


@given(intervals)
def test_ranges_are_few_ascending_and_apart(pairs):
    ranges, _ = made(pairs)
    found = list(ranges)
    assert all(start < end for start, end in found)
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(found))


@given(intervals, numbers)
def test_end_is_the_first_number_not_held(pairs, start):
    ranges, numbers = made(pairs)
    expected = start
    while expected in numbers:
        expected += 1
    assert ranges.end_of(start) == expected


@given(intervals)
def test_written_ranges_read_the_same(pairs):
    ranges, _ = made(pairs)
    assert Ranges.read(ranges.write()) == ranges
    assert Ranges(ranges) == ranges


@given(intervals, intervals)
def test_equal_ranges_are_equal_sets(left, right):
    (one, ones), (other, others) = made(left), made(right)
    assert (one == other) is (ones == others)


def test_no_ranges_are_read_from_nothing():
    assert list(Ranges.read(None)) == []
    assert Ranges().write() == "[]"


@given(intervals)
def test_condition_holds_for_the_numbers_alone(pairs):
    ranges, numbers = made(pairs)
    rows = duckdb.sql(f"SELECT n FROM range(-1, 42) t(n) WHERE {ranges.condition('n')}").fetchall()
    assert {number for (number,) in rows} == numbers
