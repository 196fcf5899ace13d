"""Reports waits for the destination, once each."""

from __future__ import annotations

import math

from reverse_etl.delivery.rate_limiter import Time, Wait
from reverse_etl.events import Event, Listener

_SHORTEST = 1.0  # seconds


class WaitReporter:
    """Reports a wait, unless it is under a second or inside a reported wait."""

    def __init__(self, clock: Time, listener: Listener, sync: str = "") -> None:
        """Start without a wait."""
        self._clock = clock
        self._listener = listener
        self._sync = sync
        self._until = -math.inf

    def __call__(self, wait: Wait) -> None:
        now = self._clock.monotonic()
        if wait.seconds < _SHORTEST or now + wait.seconds <= self._until + _SHORTEST:
            return
        self._until = now + wait.seconds
        name = f"sync `{self._sync}`: " if self._sync else ""
        message = f"{name}waiting {wait.seconds:.0f} s: {wait.reason}"
        data = {"seconds": round(wait.seconds, 1), "reason": wait.reason}
        self._listener(Event("Waiting", message, "info", self._sync, data))
