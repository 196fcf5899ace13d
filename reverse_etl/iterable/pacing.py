"""Pacing: how fast an endpoint may be called, how long to wait after a failure, and when to give up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_WAIT = 120.0
_LONGEST_BACKOFF = 30.0


@dataclass(frozen=True)
class Time:
    """Clock, sleep and chance, passed in. `monotonic` in seconds, `random` in [0, 1)."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]


class Pacer:
    """Requests of one endpoint, evenly spread: never more than the limit in any second, so no burst meets a 429."""

    def __init__(self, per_second: float, monotonic: Callable[[], float]) -> None:
        """`per_second` 0 means no limit. Safe for several threads."""
        self._interval = 1 / per_second if per_second else 0.0
        self._monotonic = monotonic
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Seconds until the next request may go."""
        return max(0.0, self._next - self._monotonic())

    def take(self) -> bool:
        """Let one request go now; False where none may."""
        with self._lock:
            now = self._monotonic()
            if now < self._next:
                return False
            self._next = now + self._interval
            return True

    def pause(self, seconds: float) -> None:
        """Let nothing go for a while: Iterable said so."""
        with self._lock:
            self._next = max(self._next, self._monotonic() + seconds)


def backoff(attempt: int, random: float) -> float:
    """Seconds before try number `attempt` + 1: full jitter below a bound that doubles from one second."""
    return random * min(_LONGEST_BACKOFF, 2.0 ** (attempt - 1))


def throttle(times: int, asked: float | None, random: float) -> float:
    """Seconds to wait after a request met its `times`-th 429: what Iterable asked for, or a second, and some jitter.

    The jitter grows, so that an answer which asks for nothing is not met with a storm.
    """
    least = 1.0 if asked is None else min(asked, LONGEST_WAIT)
    spread = min(_LONGEST_BACKOFF, 2.0 ** (times - 1))
    return least + random * spread * (1.0 if asked is None else 0.1)


class Budget:
    """How many retries a run may spend: successes earn them back, so a destination that is down is soon left alone."""

    def __init__(self, capacity: float = 20.0) -> None:
        """`capacity`: retries without a success in between."""
        self._capacity = capacity
        self._left = capacity

    def spend(self) -> bool:
        """Take one retry; False where none is left."""
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def earn(self) -> None:
        """Note a success."""
        self._left = min(self._capacity, self._left + 1)
