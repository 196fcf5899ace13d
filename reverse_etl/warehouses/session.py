"""Sessions: how long statements carry a mark, a database file stays locked, and a model copy stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from reverse_etl.warehouses.mark import Mark

if TYPE_CHECKING:
    from typing_extensions import Self


class SessionScope:
    """The scopes of a connection.

    A session is one piece of work, such as the run of one sync. Its first statement locks the database file, if the
    warehouse is one. The end of the session unlocks it. While the process waits for something else, the session is
    `idle`, so that other processes can use the file. A session inside a session only changes the mark.
    """

    _mark = Mark()
    _sessions = 0
    _is_idle = False

    @property
    def mark(self) -> Mark:
        """The current mark of statements. Only a session or a step changes it."""
        return self._mark

    @contextmanager
    def session(self, mark: Mark) -> Iterator[Self]:
        """Mark the statements of one piece of work; at its end unlock the file and drop copies of models."""
        before, self._mark = self._mark, mark
        self._sessions += 1
        try:
            yield self
        finally:
            self._mark = before
            self._sessions -= 1
            if self._is_idle or not self._sessions:
                self.unlock()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Mark the statements of one step of the session. If the session is idle, it is idle again afterwards."""
        before, self._mark = self._mark, replace(self._mark, step=name)
        try:
            yield
        finally:
            self._mark = before
            if self._is_idle:
                self.unlock()

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Let other processes use the database file while this one waits for something else.

        A statement locks the file again. Put it into a `step`, whose end unlocks the file.
        """
        before, self._is_idle = self._is_idle, True
        self.unlock()
        try:
            yield
        finally:
            self._is_idle = before

    def unlock(self) -> None:
        """Let other processes use the database file; the next statement locks it again. For adapters and sessions."""
