"""Ranges: a set of ordinals as few half-open intervals, the form in which acknowledgements are written down."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """A growing set of whole numbers. Adding is cheap when numbers come in about their order."""

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        """`pairs` are disjoint half-open intervals in ascending order."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in pairs:
            self.add(start, end)

    @classmethod
    def read(cls, text: str | None) -> Ranges:
        """The set that `write` wrote."""
        return cls((int(start), int(end)) for start, end in json.loads(text or "[]"))

    def write(self) -> str:
        """The set as JSON: `[[0,1000],[2000,3000]]`."""
        return json.dumps([list(pair) for pair in self], separators=(",", ":"))

    def add(self, start: int, end: int) -> None:
        """Put in every number from `start` up to, not including, `end`."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def end_of(self, start: int) -> int:
        """The first number from `start` on that is not in the set."""
        index = bisect_right(self._starts, start) - 1
        return max(start, self._ends[index]) if index >= 0 else start

    def __contains__(self, number: int) -> bool:
        return self.end_of(number) > number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._starts, self._ends, strict=True))

    def __len__(self) -> int:
        return sum(self._ends) - sum(self._starts)

    def condition(self, column: str) -> str:
        """SQL that holds for the numbers of the set."""
        tests = [f"({column} >= {start} AND {column} < {end})" for start, end in self]
        return "(" + (" OR ".join(tests) or "1 = 0") + ")"
