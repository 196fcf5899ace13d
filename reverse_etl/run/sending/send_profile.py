"""SendProfile: the time of the work that is done while requests are sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class SendProfile:
    """The `seconds` of reading the plan, encoding rows and saving the journal. Safe for threads."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` returns seconds."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self.seconds = dict.fromkeys(("read", "encode", "journal"), 0.0)

    @contextmanager
    def time(self, part: str) -> Iterator[None]:
        """Add the time of a piece of work."""
        began = self._monotonic()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[part] += self._monotonic() - began
