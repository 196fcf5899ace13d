"""What reads see: the project as it was a while ago. Repeats each write, late, and knows nothing of its meaning."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from reverse_etl.sandbox.http.replies import Refusal

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call, Endpoint
    from reverse_etl.sandbox.state.project import Project


class Lag:
    """A twin of the project, `visible_lag` seconds behind it. A restart or a reset makes both the same."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._seconds = project.options.behaviour.visible_lag
        self._twin_of: object = None

    def written(self, endpoint: Endpoint, call: Call) -> None:
        """A write is about to be made; the twin makes it as well, once it is old enough."""
        if self._seconds:
            self._catch_up()
            self._waiting.append((self._project.clock(), endpoint, replace(call, project=self._twin)))

    def as_read(self, call: Call) -> Call:
        """The call that answers a read: of the twin, where there is a lag."""
        if not self._seconds:
            return call
        self._catch_up()
        return replace(call, project=self._twin)

    def _catch_up(self) -> None:
        if self._twin_of is not self._project.begun:
            self._begin()
        seen = self._project.clock() - self._seconds
        while self._waiting and self._waiting[0][0] <= seen:
            self._now, endpoint, call = self._waiting.popleft()
            self._twin.catch_up()
            with suppress(Refusal):
                endpoint(call)
        self._now = max(self._now, seen)
        self._twin.catch_up()

    def _begin(self) -> None:
        self._twin_of = self._project.begun
        self._now = self._project.clock() - self._seconds
        self._twin = self._project.twin(lambda: self._now)
        self._waiting: deque[tuple[float, Endpoint, Call]] = deque()
