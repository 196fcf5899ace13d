"""Cuts changes into batches that one request each can hold, and batches into parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.change import Change, PastFailure
from reverse_etl.change_block import ChangeBlock, concatenate
from reverse_etl.destinations.operation import Operation

# The open batch, by user, that holds the last row of the user so far.
_Places = dict[str, list[Sequence[Change]]]


@dataclass
class Batch:
    """Changes of one request.

    `suspect`: an earlier request with these rows may have been applied in part. `isolated`: one row, found by halving.
    `following` is sent after each row of this batch has an outcome, because it holds later rows of the same users.
    """

    changes: Sequence[Change]
    suspect: bool = False
    isolated: bool = False
    following: Batch | None = None


class _Lane:
    """Rows that may share requests of at most `most_rows`. `parts` is the batch that is still open, a list of its own.

    It has `count` rows of `size` bytes.
    """

    def __init__(self, most_rows: int) -> None:
        self.most_rows = most_rows
        self.parts: list[Sequence[Change]] = []
        self.count = self.size = 0
        self.full: list[Sequence[Change]] = []
        self.closed = 0

    def add(self, change: Change) -> None:
        last = self.parts[-1] if self.parts else None
        if isinstance(last, list):
            last.append(change)
        else:
            self.parts.append([change])
        self.count += 1
        self.size += len(change.body) + 1

    def add_block(self, block: ChangeBlock) -> None:
        self.parts.append(block)
        self.count += len(block)
        self.size += block.size

    def open_batch(self) -> Sequence[Change]:
        """Return the rows of the open batch."""
        return concatenate(self.parts) if self.parts else ()

    def close(self) -> None:
        """Open the next batch."""
        self.full.append(self.open_batch())
        self.closed += 1
        self.parts, self.count, self.size = [], 0, 0

    def take(self) -> list[Sequence[Change]]:
        """Return the batches that are closed and were not taken yet."""
        taken, self.full = self.full, []
        return taken


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

    def cut(self, changes: Iterator[Sequence[Change]], later: list[Change]) -> Iterator[Sequence[Change]]:
        """Yield batches that may be sent at the same time: all rows of a user are in one of them, in their order.

        Rows that have to wait for an earlier row of their user are put into `later`. Rows that failed in an earlier
        run come last, in batches of half the size.
        """
        lane, failed = _Lane(self._rows), dict[int, _Lane]()
        places: _Places = {}
        for part in changes:
            if isinstance(part, ChangeBlock) and self._has_only_plain_rows(part):
                yield from self._cut_block(part, lane)
                continue
            for change in self._sendable(part):
                self._place(change, self._lane_of(change, lane, failed), places, later)
                yield from lane.take()
        if later and lane.closed and self._operation.several_of_user:
            later[:0] = lane.open_batch()  # so that the rows that wait can fill up its request
        elif lane.count:
            yield lane.open_batch()
        for rows in sorted(failed, reverse=True):
            yield from filter(None, [*failed[rows].full, failed[rows].open_batch()])

    def _has_only_plain_rows(self, block: ChangeBlock) -> bool:
        """Return whether each row can go in any request: it is not too large, and never failed. It has no user."""
        if not block or block.has_users or block.largest > largest_row(self._operation):
            return False
        return self._past.keys().isdisjoint(block.ordinals if self._past else ())

    def _cut_block(self, block: ChangeBlock, lane: _Lane) -> Iterator[Sequence[Change]]:
        """Add plain rows to the open batch, and yield each batch before the row that has no room in it."""
        start = 0
        while start < len(block):
            room = self._operation.max_bytes - self._operation.overhead - lane.size
            most = min(self._rows, lane.most_rows) - lane.count
            count = block.count_fitting(start, room, most) if most > 0 else 0
            if count:
                lane.add_block(block[start : start + count])
                start += count
            else:
                lane.close()
                yield from lane.take()

    def _sendable(self, changes: Sequence[Change]) -> Iterator[Change]:
        largest = largest_row(self._operation)
        for change in changes:
            if len(change.body) + 1 > largest:
                self.too_large.append(change)
            else:
                yield change

    def _lane_of(self, change: Change, lane: _Lane, failed: dict[int, _Lane]) -> _Lane:
        """Return the lane for rows that never failed, or the one of rows that failed in a request of the same size."""
        past = self._past.get(change.ordinal)
        return lane if past is None else failed.setdefault(past.rows, _Lane(max(1, past.rows // 2)))

    def _place(self, change: Change, lane: _Lane, places: _Places, later: list[Change]) -> None:
        """Add a row to the open batch of its lane, or to `later` if an earlier row of its user is in another batch.

        `places` has the batch that the next row of a user may join, if it is still open then.
        """
        if lane.count and not self._has_room(lane, change):
            lane.close()
        place = places.get(change.user) if change.user else None
        joins = place is None or (self._operation.several_of_user and place is lane.parts)
        if joins:
            lane.add(change)
        else:
            later.append(change)
        if change.user:
            places[change.user] = lane.parts if joins else []

    def _has_room(self, lane: _Lane, change: Change) -> bool:
        room = self._operation.max_bytes - self._operation.overhead
        return lane.count < min(self._rows, lane.most_rows) and lane.size + len(change.body) + 1 <= room


def largest_row(operation: Operation) -> int:
    """Return the bytes that one row may take, including the comma after it."""
    return min(operation.max_bytes - operation.overhead, operation.max_row_bytes)


def halve(batch: Batch, *, suspect: bool) -> list[Batch]:
    """Return the halves of a batch that may be sent now. A half that shares a user with the other one follows it."""
    changes = batch.changes
    middle = _find_middle(changes)
    parts = [Batch(half, suspect, isolated=len(half) == 1) for half in (changes[:middle], changes[middle:])]
    users = [{change.user for change in part.changes if change.user} for part in parts]
    if batch.following is None and users[0].isdisjoint(users[1]):
        return parts
    parts[0].following, parts[1].following = parts[1], batch.following
    return parts[:1]


def _find_middle(changes: Sequence[Change]) -> int:
    """Return where to halve changes: between two users, if a place near the middle allows that."""
    middle = len(changes) // 2
    for distance in range(max(1, len(changes) // 4)):
        for place in (middle - distance, middle + distance):
            if not changes[place].user or changes[place].user != changes[place - 1].user:
                return place
    return middle
