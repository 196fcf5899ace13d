"""Lets reads see the project as it was a while ago. It repeats every write later on a copy of the project."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from reverse_etl.sandbox.replies import Refusal

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call, Endpoint
    from reverse_etl.sandbox.state.project import Project


class DelayedReads:
    """A copy of the project, `visible_lag` seconds behind. After a restart or a reset, both are the same."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._seconds = project.options.behaviour.visible_lag
        self._copied_generation: object = None

    def record_write(self, endpoint: Endpoint, call: Call) -> None:
        """Note a write just before it is made. The copy repeats it after the delay."""
        if self._seconds:
            self._apply_writes()
            self._writes.append((self._project.clock(), endpoint, replace(call, project=self._copy)))

    def redirect_read(self, call: Call) -> Call:
        """Return the call for a read. If there is a delay, it reads the copy."""
        if not self._seconds:
            return call
        self._apply_writes()
        return replace(call, project=self._copy)

    def _apply_writes(self) -> None:
        if self._copied_generation is not self._project.generation:
            self._copy_project()
        visible_until = self._project.clock() - self._seconds
        while self._writes and self._writes[0][0] <= visible_until:
            self._now, endpoint, call = self._writes.popleft()
            self._copy.apply_due()
            with suppress(Refusal):
                endpoint(call)
        self._now = max(self._now, visible_until)
        self._copy.apply_due()

    def _copy_project(self) -> None:
        self._copied_generation = self._project.generation
        self._now = self._project.clock() - self._seconds
        self._copy = self._project.copy_initial(lambda: self._now)
        self._writes: deque[tuple[float, Endpoint, Call]] = deque()
