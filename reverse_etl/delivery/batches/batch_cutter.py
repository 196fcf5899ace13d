"""Cuts changes into batches that one request each can hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reverse_etl.change import Change, PastFailure
from reverse_etl.change_block import ChangeBlock, concatenate
from reverse_etl.delivery.batches.waiting_users import WaitingUsers
from reverse_etl.destinations.operation import Operation


class _Lane:
    """Rows that may share requests of at most `most_rows`.

    The batch that is still open consists of `parts`. It has `count` rows of `size` bytes, about `users`.
    """

    def __init__(self, most_rows: int) -> None:
        self.most_rows = most_rows
        self.parts: list[Sequence[Change]] = []
        self.count = self.size = 0
        self.users: set[str] = set()
        self.full: deque[Sequence[Change]] = deque()

    def add(self, change: Change) -> None:
        last = self.parts[-1] if self.parts else None
        if isinstance(last, list):
            last.append(change)
        else:
            self.parts.append([change])
        self.count += 1
        self.size += len(change.body) + 1
        if change.user:
            self.users.add(change.user)

    def add_block(self, block: ChangeBlock) -> None:
        self.parts.append(block)
        self.count += len(block)
        self.size += block.size

    def close(self) -> None:
        """Open the next batch."""
        self.full.append(concatenate(self.parts))
        self.parts, self.count, self.size, self.users = [], 0, 0, set()


class BatchCutter:
    """Cuts changes into batches that may be sent at the same time. Rows of a user go in order, one request at a time.

    A row waits while an earlier row of its user is in a request without an outcome. `too_large` gathers the changes
    that no request can hold.
    """

    def __init__(self, operation: Operation, rows: int, past: Mapping[int, PastFailure]) -> None:
        """`rows` limits a batch, in addition to the operation's own limits. `past` failures are by ordinal."""
        self._operation = operation
        self._past = past
        self._rows = min(rows, operation.max_rows)
        self._lane = _Lane(self._rows)
        self._failed: dict[int, _Lane] = {}
        self._users = WaitingUsers()
        self.too_large: list[Change] = []

    def limit_rows(self, rows: int) -> None:
        """Set the largest number of rows in the following batches."""
        self._rows = min(self._rows, rows)

    def settle(self, ordinals: Iterable[int]) -> None:
        """Note rows that have an outcome, so that the next rows of their users can go."""
        self._users.settle(ordinals)

    def cut(self, parts: Iterator[Sequence[Change] | None]) -> Iterator[Sequence[Change] | None]:
        """Yield batches; None if no row can go before another one has an outcome, or before the next part is there.

        All rows of a user that can go are in one batch, in their order. Rows that failed in an earlier run come last,
        in batches of half the size. A part without rows ends the open batch.
        """
        for part in parts:
            if part is None:
                yield None
            elif not part:
                yield from self._send_open_batch()
            elif isinstance(part, ChangeBlock) and self._has_only_plain_rows(part):
                yield from self._cut_block(part)
            else:
                for change in self._sendable(part):
                    self._place(change)
                    yield from self._take()
            yield from self._take()
        yield from self._finish()

    def _send_open_batch(self) -> Iterator[Sequence[Change] | None]:
        """Yield the rows of the open batch now. No row can join it before they have an outcome."""
        if self._lane.count:
            self._lane.close()
            yield from self._take()
        yield None

    def _finish(self) -> Iterator[Sequence[Change] | None]:
        """Yield what is left. A batch stays open while a response may let more rows join it."""
        while True:
            yield from self._take()
            lanes = [self._lane, *(self._failed[rows] for rows in sorted(self._failed, reverse=True))]
            lane = next((one for one in lanes if one.full or one.count), None)
            if self._users.may_go_later:
                yield None
            elif lane is None:
                return
            else:
                if not lane.full:
                    lane.close()
                yield self._launch(lane.full.popleft())

    def _take(self) -> Iterator[Sequence[Change]]:
        """Yield the full batches. First place the rows whose users have no row without an outcome any more."""
        while True:
            for change in self._users.take_free():
                self._place(change)
            if not self._lane.full:
                return
            yield self._launch(self._lane.full.popleft())

    def _launch(self, batch: Sequence[Change]) -> Sequence[Change]:
        if not isinstance(batch, ChangeBlock) or batch.has_users:
            self._users.launch(batch)
        return batch

    def _has_only_plain_rows(self, block: ChangeBlock) -> bool:
        """Return whether each row can go in any request: it is not too large, and never failed. It has no user."""
        if not block or block.has_users or block.largest > largest_row(self._operation):
            return False
        return self._past.keys().isdisjoint(block.ordinals if self._past else ())

    def _cut_block(self, block: ChangeBlock) -> Iterator[Sequence[Change]]:
        """Add plain rows to the open batch, and yield each batch before the row that has no room in it."""
        lane, start = self._lane, 0
        while start < len(block):
            room = self._operation.max_bytes - self._operation.overhead - lane.size
            most = min(self._rows, lane.most_rows) - lane.count
            count = block.count_fitting(start, room, most) if most > 0 else 0
            if count:
                lane.add_block(block[start : start + count])
                start += count
            else:
                lane.close()
                yield from self._take()

    def _sendable(self, changes: Sequence[Change]) -> Iterator[Change]:
        largest = largest_row(self._operation)
        for change in changes:
            if len(change.body) + 1 > largest:
                self.too_large.append(change)
            else:
                yield change

    def _lane_of(self, change: Change) -> _Lane:
        """Return the lane for rows that never failed, or the one of rows that failed in a request of the same size."""
        past = self._past.get(change.ordinal)
        return self._lane if past is None else self._failed.setdefault(past.rows, _Lane(max(1, past.rows // 2)))

    def _place(self, change: Change) -> None:
        """Add a row to the open batch of its lane, or let it wait for an earlier row of its user."""
        lane, several = self._lane_of(change), self._operation.several_of_user
        if change.user and self._users.must_wait(change.user, joins=several and change.user in lane.users):
            self._users.hold(change)
            return
        if lane.count and not self._has_room(lane, change):
            lane.close()
            if change.user and self._users.must_wait(change.user, joins=False):
                self._users.hold(change)
                return
        lane.add(change)
        if change.user:
            self._users.note_placed(change.user)

    def _has_room(self, lane: _Lane, change: Change) -> bool:
        room = self._operation.max_bytes - self._operation.overhead
        return lane.count < min(self._rows, lane.most_rows) and lane.size + len(change.body) + 1 <= room


def largest_row(operation: Operation) -> int:
    """Return the bytes that one row may take, including the comma after it."""
    return min(operation.max_bytes - operation.overhead, operation.max_row_bytes)
