"""Cuts changes into batches that one request each can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.change import Change, PastFailure
from reverse_etl.destinations.operation import Operation
from reverse_etl.settings import LARGEST_BATCH


@dataclass
class Batch:
    """Changes of one request.

    `suspect`: an earlier request with these rows may have been applied in part. `isolated`: one row, found by halving.
    """

    changes: Sequence[Change]
    suspect: bool = False
    isolated: bool = False


class BatchCutter:
    """Cuts changes into batches. `too_large` gathers the changes that no request can hold."""

    def __init__(self, operation: Operation, rows: int, past: Mapping[int, PastFailure]) -> None:
        """`rows` limits a batch, in addition to the operation's own limits. `past` failures are by ordinal."""
        self._operation = operation
        self._past = past
        self._rows = min(rows, operation.max_rows)
        self.too_large: list[Change] = []

    def limit_rows(self, rows: int) -> None:
        """Set the largest number of rows in the following batches."""
        self._rows = min(self._rows, rows)

    def cut(self, changes: Iterator[Change]) -> Iterator[list[Change]]:
        """Yield batches. Rows that failed in an earlier run come last, in batches of half the size."""
        failed: dict[int, list[Change]] = {}
        yield from self._batches(self._set_aside(changes, failed))
        for rows in sorted(failed, reverse=True):
            yield from self._batches(iter(failed[rows]), max(1, rows // 2))

    def _set_aside(self, changes: Iterator[Change], failed: dict[int, list[Change]]) -> Iterator[Change]:
        for change in changes:
            past = self._past.get(change.ordinal)
            if past is None:
                yield change
            else:
                failed.setdefault(past.rows, []).append(change)

    def _batches(self, changes: Iterator[Change], most_rows: int = LARGEST_BATCH) -> Iterator[list[Change]]:
        room = self._operation.max_bytes - self._operation.overhead
        largest = largest_row(self._operation)
        batch: list[Change] = []
        size = 0
        for change in changes:
            length = len(change.body) + 1
            if length > largest:
                self.too_large.append(change)
                continue
            if batch and (len(batch) >= min(self._rows, most_rows) or size + length > room):
                yield batch
                batch, size = [], 0
            batch.append(change)
            size += length
        if batch:
            yield batch


def largest_row(operation: Operation) -> int:
    """Return the bytes that one row may take, including the comma after it."""
    return min(operation.max_bytes - operation.overhead, operation.max_row_bytes)


def one_row_per_user(changes: Iterator[Change], later: list[Change]) -> Iterator[Change]:
    """Yield the first row of each user; put the others into `later`. Rows without a user never wait."""
    seen: set[str] = set()
    for change in changes:
        if change.user and change.user in seen:
            later.append(change)
        else:
            seen.add(change.user)
            yield change
