"""Limits the rate of each endpoint, the waits after failures, and the number of retries."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from reverse_etl.destinations.request import Endpoint

LONGEST_WAIT = 120.0
_LONGEST_BACKOFF = 30.0
_SECONDS_TO_GROW = 60.0
_SMALLEST_SHARE = 1 / 16


@dataclass(frozen=True)
class Time:
    """Clock, sleep and chance, passed in. `monotonic` in seconds, `random` in [0, 1)."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]


@dataclass(frozen=True)
class Wait:
    """A wait before a request is tried again: `seconds`, and why."""

    seconds: float
    reason: str


def ignore_wait(wait: Wait) -> None:
    """Ignore the wait."""
    del wait


class RateLimiter:
    """Spreads the requests of one endpoint evenly, with at most `per_second` in any second, to avoid a 429.

    A 429 halves the rate. Each other answer raises it: from zero to the maximum takes a minute.
    """

    def __init__(self, per_second: float, monotonic: Callable[[], float], per_day: int | None = None) -> None:
        """`per_second` is the maximum rate, 0: no limit. `per_day` is the daily limit. Safe for threads."""
        self.per_day = per_day
        self._ceiling = per_second
        self._monotonic = monotonic
        self._share = 1.0  # of the maximum
        self._taken = 0
        self._taken_at = self._held_until = -math.inf
        self._before_cut = 0
        self._lock = threading.Lock()

    @property
    def per_second(self) -> float:
        """Return the current rate."""
        return self._ceiling * self._share

    @property
    def spent(self) -> bool:
        """Return whether the requests of a day are used up."""
        return self.per_day is not None and self._taken >= self.per_day

    def limit(self, per_second: float) -> None:
        """Set the maximum rate."""
        self._ceiling = per_second

    def wait(self) -> float:
        """Return the seconds until the next request may go."""
        return max(0.0, self._due() - self._monotonic())

    def take(self) -> int:
        """Permit one request now and return the number of the permit, from 1; 0 if none is allowed."""
        with self._lock:
            now = self._monotonic()
            if self.spent or now < self._due():
                return 0
            self._taken += 1
            self._taken_at = now
            return self._taken

    def throttled(self, permit: int, seconds: float) -> None:
        """Record a 429 to the request with this permit: wait a while, then continue at half the rate.

        Requests that were sent before the rate was cut say nothing about the new rate, so they do not cut it again.
        """
        with self._lock:
            self._held_until = max(self._held_until, self._monotonic() + seconds)
            if permit > self._before_cut:
                self._before_cut = self._taken
                self._share = max(_SMALLEST_SHARE, self._share / 2)

    def answered(self) -> None:
        """Record a request that met no limit."""
        with self._lock:
            if self._ceiling:
                self._share = min(1.0, self._share + 1 / (_SECONDS_TO_GROW * self.per_second))

    def _due(self) -> float:
        interval = 1 / self.per_second if self._ceiling else 0.0
        return max(self._taken_at + interval, self._held_until)


def rate_wait(limiter: RateLimiter, name: str, seconds: float) -> Wait:
    """Return the wait after a 429 of the destination `name`: `seconds`, or longer if the rate is low now."""
    return Wait(max(seconds, limiter.wait()), f"{name}'s rate limit")


class RateLimiters:
    """The limiters of one process: one for each endpoint of each project, shared by all syncs."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """None yet."""
        self._monotonic = monotonic
        self._limiters: dict[tuple[str, str, str, str], RateLimiter] = {}

    def of(self, host: str, project: str, endpoint: Endpoint) -> RateLimiter:
        """Return the limiter of an endpoint, with the endpoint's maximum rate."""
        key = (host, project, endpoint.method, endpoint.path)
        limiter = self._limiters.setdefault(key, RateLimiter(endpoint.per_second, self._monotonic, endpoint.per_day))
        limiter.limit(endpoint.per_second)
        return limiter


def backoff(attempt: int, random: float) -> float:
    """Return the seconds before the next try: full jitter below a limit that doubles from one second."""
    return random * min(_LONGEST_BACKOFF, 2.0 ** (attempt - 1))


def throttle(times: int, asked: float | None, random: float) -> float:
    """Return the seconds to wait after the `times`-th 429: what the reply asked for, or one second, plus jitter.

    The jitter grows, to avoid many requests at once if the reply asks for no wait.
    """
    least = 1.0 if asked is None else min(asked, LONGEST_WAIT)
    spread = min(_LONGEST_BACKOFF, 2.0 ** (times - 1))
    return least + random * spread * (1.0 if asked is None else 0.1)


class Budget:
    """The retries that a run may use. Each success earns some back, so a destination that is down gets few requests."""

    def __init__(self, capacity: float = 20.0) -> None:
        """`capacity`: most retries without a success in between."""
        self._capacity = capacity
        self._left = capacity

    def spend(self) -> bool:
        """Use one retry; return False if none is left."""
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def earn(self) -> None:
        """Record a success."""
        self._left = min(self._capacity, self._left + 1)
