"""Ranges behave as the set of numbers they stand for."""

from __future__ import annotations

import itertools

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


@given(intervals, intervals)
def test_without_leaves_the_numbers_of_one_alone(left, right):
    (one, ones), (other, others) = made(left), made(right)
    assert one.without(other) == made([(number, number + 1) for number in ones - others])[0]


@given(intervals, numbers, numbers)
def test_within_keeps_the_numbers_between(pairs, start, end):
    ranges, found = made(pairs)
    kept = [(number, number + 1) for number in found if start <= number < end]
    assert ranges.within(start, end) == made(kept)[0]


@given(intervals, st.integers(0, 5))
def test_largest_keeps_the_longest_intervals(pairs, most):
    ranges, _ = made(pairs)
    longest = sorted((end - start for start, end in ranges), reverse=True)[:most]
    kept = list(ranges.largest(most))
    assert sorted((end - start for start, end in kept), reverse=True) == longest
    assert set(kept) <= set(ranges)


@given(intervals, st.integers(1, 50))
def test_buckets_hold_each_number_once_beside_its_multiple(pairs, size):
    ranges, numbers = made(pairs)
    found = [(number, bucket) for bucket, start, end in ranges.buckets(size) for number in range(start, end)]
    assert sorted(found) == sorted((number, number - number % size) for number in numbers)
