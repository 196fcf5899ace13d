"""Pacing: how fast an endpoint may be called, how long to wait after a failure, and when to give up."""

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
    """Hear of a wait, and do nothing."""
    del wait


class RateLimiter:
    """Requests of one endpoint, evenly spread: never more than the ceiling in any second, so no burst meets a 429.

    A 429 halves the rate; it grows evenly with the answers that follow, in a minute from nothing to the ceiling.
    """

    def __init__(self, per_second: float, monotonic: Callable[[], float], per_day: int | None = None) -> None:
        """`per_second` is the ceiling, 0 means none; after `per_day` requests no more may go. Safe for threads."""
        self.per_day = per_day
        self._ceiling = per_second
        self._monotonic = monotonic
        self._share = 1.0  # of the ceiling
        self._taken = 0
        self._taken_at = self._held_until = -math.inf
        self._before_cut = 0
        self._lock = threading.Lock()

    @property
    def per_second(self) -> float:
        """The rate of the moment."""
        return self._ceiling * self._share

    @property
    def spent(self) -> bool:
        """Whether the requests of a day are used up."""
        return self.per_day is not None and self._taken >= self.per_day

    def limit(self, per_second: float) -> None:
        """Set the ceiling."""
        self._ceiling = per_second

    def wait(self) -> float:
        """Seconds until the next request may go."""
        return max(0.0, self._due() - self._monotonic())

    def take(self) -> int:
        """Let one request go now: the number of its permit, from 1 on; 0 where none may."""
        with self._lock:
            now = self._monotonic()
            if self.spent or now < self._due():
                return 0
            self._taken += 1
            self._taken_at = now
            return self._taken

    def throttled(self, permit: int, seconds: float) -> None:
        """Note a 429 to the request with this permit: nothing goes for a while, and then at half the rate.

        Requests that were sent before the rate was cut say nothing about the new rate, so they do not cut it again.
        """
        with self._lock:
            self._held_until = max(self._held_until, self._monotonic() + seconds)
            if permit > self._before_cut:
                self._before_cut = self._taken
                self._share = max(_SMALLEST_SHARE, self._share / 2)

    def answered(self) -> None:
        """Note a request that met no limit."""
        with self._lock:
            if self._ceiling:
                self._share = min(1.0, self._share + 1 / (_SECONDS_TO_GROW * self.per_second))

    def _due(self) -> float:
        interval = 1 / self.per_second if self._ceiling else 0.0
        return max(self._taken_at + interval, self._held_until)


def rate_wait(limiter: RateLimiter, name: str, seconds: float) -> Wait:
    """The wait after a 429 of the destination `name`: `seconds`, or longer if the rate is low by now."""
    return Wait(max(seconds, limiter.wait()), f"{name}'s rate limit")


class RateLimiters:
    """The limiters of one process: one for each endpoint of each project, shared by all syncs."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """None yet."""
        self._monotonic = monotonic
        self._limiters: dict[tuple[str, str, str, str], RateLimiter] = {}

    def of(self, host: str, project: str, endpoint: Endpoint) -> RateLimiter:
        """The limiter of an endpoint, with what the endpoint says now as its ceiling."""
        key = (host, project, endpoint.method, endpoint.path)
        limiter = self._limiters.setdefault(key, RateLimiter(endpoint.per_second, self._monotonic, endpoint.per_day))
        limiter.limit(endpoint.per_second)
        return limiter


def backoff(attempt: int, random: float) -> float:
    """Seconds before try number `attempt` + 1: full jitter below a bound that doubles from one second."""
    return random * min(_LONGEST_BACKOFF, 2.0 ** (attempt - 1))


def throttle(times: int, asked: float | None, random: float) -> float:
    """Seconds to wait after a request met its `times`-th 429: what the reply asked for, or a second, and some jitter.

    The jitter grows, so that an answer which asks for nothing is not met with a storm.
    """
    least = 1.0 if asked is None else min(asked, LONGEST_WAIT)
    spread = min(_LONGEST_BACKOFF, 2.0 ** (times - 1))
    return least + random * spread * (1.0 if asked is None else 0.1)


class Budget:
    """The retries that a run may use. Each success earns some back, so a destination that is down gets few requests."""

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
