"""A set of ordinals, stored as few half-open intervals. Acknowledgements are saved in this form."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator


class Ranges:
    """A growing set of whole numbers. Adding is cheap if numbers come roughly in order."""

    def __init__(self, pairs: Iterator[tuple[int, int]] | Collection[tuple[int, int]] = ()) -> None:
        """`pairs` are disjoint half-open intervals in ascending order."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in pairs:
            self.add(start, end)

    @classmethod
    def read(cls, text: str | None) -> Ranges:
        """Return the set from the text that `write` returned."""
        return cls((int(start), int(end)) for start, end in json.loads(text or "[]"))

    def write(self) -> str:
        """Return the set as JSON: `[[0,1000],[2000,3000]]`."""
        return json.dumps([list(pair) for pair in self], separators=(",", ":"))

    def add(self, start: int, end: int) -> None:
        """Add every number from `start` up to, not including, `end`."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def copy(self) -> Ranges:
        """Return the same set, which does not grow with this one."""
        found = Ranges()
        found._starts, found._ends = self._starts[:], self._ends[:]
        return found

    def end_of(self, start: int) -> int:
        """Return the first number from `start` on that is not in the set."""
        index = bisect_right(self._starts, start) - 1
        return max(start, self._ends[index]) if index >= 0 else start

    def __contains__(self, number: int) -> bool:
        return self.end_of(number) > number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._starts, self._ends, strict=True))

    @property
    def count(self) -> int:
        """Return how many intervals there are."""
        return len(self._starts)

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the first number, and the number after the last one; twice 0 if the set is empty."""
        return (self._starts[0], self._ends[-1]) if self._starts else (0, 0)

    def split(self, most: int) -> Iterator[Ranges]:
        """Yield the same set in parts of at most `most` intervals, in ascending order."""
        for first in range(0, self.count, most):
            chosen = slice(first, first + most)
            yield Ranges(zip(self._starts[chosen], self._ends[chosen], strict=True))

    def __len__(self) -> int:
        return sum(self._ends) - sum(self._starts)

    def without(self, other: Ranges) -> Ranges:
        """Return the numbers that are not in another set."""
        found = Ranges()
        for start, end in self:
            rest, place = start, bisect_right(other._ends, start)
            while place < other.count and other._starts[place] < end:
                found.add(rest, other._starts[place])
                rest = other._ends[place]
                place += 1
            found.add(rest, end)
        return found

    def within(self, start: int, end: int) -> Ranges:
        """Return the numbers from `start` up to, not including, `end`."""
        return Ranges((max(first, start), min(last, end)) for first, last in self if first < end and last > start)

    def largest(self, most: int) -> Ranges:
        """Return the same set, or only its longest intervals if it has more than `most`."""
        if len(self._starts) <= most:
            return self
        longest = sorted(self, key=lambda pair: pair[0] - pair[1])[:most]
        return Ranges(sorted(longest))

    def buckets(self, size: int) -> Iterator[tuple[int, int, int]]:
        """Yield the intervals, cut at the multiples of `size`.

        Each comes as the multiple before its start, start and end.
        """
        for start, end in self:
            for bucket in range(start - start % size, end, size):
                yield bucket, max(start, bucket), min(end, bucket + size)
