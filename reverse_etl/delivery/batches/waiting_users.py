"""Rows that wait because an earlier row of their user has no outcome yet."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence

from reverse_etl.change import Change


class WaitingUsers:
    """The users of rows without an outcome, and the later rows of these users, in order."""

    def __init__(self) -> None:
        """No user yet."""
        self._open: Counter[str] = Counter()  # rows in batches, by user
        self._flying: dict[int, str] = {}  # users of rows in requests, by ordinal
        self._held: dict[str, deque[Change]] = {}
        self._free: deque[str] = deque()

    @property
    def may_go_later(self) -> bool:
        """Return whether rows wait for the outcome of a row that is in a request."""
        return bool(self._held and self._flying)

    def must_wait(self, user: str, *, joins: bool) -> bool:
        """Return whether the next row of a user has to wait. `joins`: it may join the batch with the last row."""
        return user in self._held or (self._open[user] > 0 and not joins)

    def hold(self, change: Change) -> None:
        """Keep a row until its user has no row without an outcome."""
        self._held.setdefault(change.user, deque()).append(change)

    def note_placed(self, user: str) -> None:
        """Note that a row of the user is in a batch."""
        self._open[user] += 1

    def launch(self, batch: Sequence[Change]) -> None:
        """Note the rows of a batch that a request takes."""
        self._flying.update((change.ordinal, change.user) for change in batch if change.user)

    def settle(self, ordinals: Iterable[int]) -> None:
        """Note rows that have an outcome."""
        if not self._flying:
            return
        for ordinal in ordinals:
            user = self._flying.pop(ordinal, "")
            if not user:
                continue
            self._open[user] -= 1
            if not self._open[user]:
                del self._open[user]
                if user in self._held:
                    self._free.append(user)

    def take_free(self) -> Iterator[Change]:
        """Yield the rows that need not wait any more, in their order. The caller places each one, or holds it again."""
        while self._free:
            yield from self._held.pop(self._free.popleft())
