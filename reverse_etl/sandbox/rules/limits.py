"""Token buckets at the rates that Iterable documents per endpoint. Knows endpoints by name, and no request."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Endpoint to (requests, seconds) windows. Iterable gives rates only; a bucket holds one window's worth.
RATES: dict[str, tuple[tuple[int, int], ...]] = {
    "POST /api/users/update": ((500, 1),),
    "POST /api/users/bulkUpdate": ((5, 1),),
    "POST /api/users/merge": ((50, 1),),
    "GET /api/users": ((100, 1),),
    "DELETE /api/users": ((100, 1),),
    "GET /api/users/getFields": ((3, 1),),
    "GET /api/users/getSentMessages": ((3, 1),),
    "POST /api/users/forget": ((3, 1), (1000, 86_400)),
    "POST /api/users/unforget": ((3, 1), (1000, 86_400)),
    "GET /api/users/forgotten": ((3, 1),),
    "GET /api/users/forgottenUserIds": ((3, 1),),
    "POST /api/events/track": ((2000, 1),),
    "POST /api/events/trackBulk": ((10, 1),),
    "GET /api/events": ((100, 1),),
    "GET /api/catalogs": ((100, 1),),
    "GET /api/catalogs/*/items": ((100, 1),),
    "POST /api/catalogs/*/items": ((100, 1),),
    "PUT /api/catalogs/*/items/*": ((1000, 1),),
    "GET /api/export/data.json": ((4, 60),),
    "GET /api/export/data.csv": ((4, 60),),
    "POST /api/export/start": ((1, 1),),
    "GET /api/export/*/files": ((1, 1),),
    "DELETE /api/export/*": ((1, 1),),
    "GET /api/lists": ((100, 1),),
    "GET /api/lists/getUsers": ((5, 60),),
    "GET /api/lists/previewUsers": ((5, 60),),
    "GET /api/lists/*/size": ((5, 60),),
    "GET /api/channels": ((100, 1),),
    "GET /api/messageTypes": ((100, 1),),
}
_PER_KEY = {
    "POST /api/users/merge",
    "GET /api/catalogs",
    "GET /api/catalogs/*/items",
    "POST /api/catalogs/*/items",
    "PUT /api/catalogs/*/items/*",
}


@dataclass(frozen=True)
class Exceeded:
    """What a 429 tells: the bucket's size, whole tokens left, whole seconds until there is one again."""

    limit: int
    remaining: int
    reset: int


@dataclass
class Bucket:
    """`capacity` tokens, refilled evenly over `seconds`."""

    capacity: int
    seconds: int
    tokens: float
    filled_at: float

    def level(self, now: float) -> float:
        # A clock that steps back refills nothing.
        gained = max(0.0, now - self.filled_at) * self.capacity / self.seconds
        return min(float(self.capacity), self.tokens + gained)

    def refill(self, now: float) -> None:
        self.tokens, self.filled_at = self.level(now), now

    def wait(self) -> int:
        return max(1, math.ceil((1 - self.tokens) * self.seconds / self.capacity))


class Limits:
    """All buckets of one project, each made full when its endpoint is first called."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], list[Bucket]] = {}

    def take(self, endpoint: str, key: str, now: float) -> Exceeded | None:
        """Take a token from every bucket of the endpoint, or none and say which bucket was empty."""
        buckets = self._of(endpoint, key, now)
        for bucket in buckets:
            bucket.refill(now)
        for bucket in buckets:
            if bucket.tokens < 1:
                return Exceeded(bucket.capacity, int(bucket.tokens), bucket.wait())
        for bucket in buckets:
            bucket.tokens -= 1
        return None

    def state(self, now: float) -> list[tuple[str, int, int, int]]:
        """(endpoint, capacity, seconds, whole tokens now) of every bucket in use."""
        return [
            (endpoint, bucket.capacity, bucket.seconds, int(bucket.level(now)))
            for (endpoint, _), buckets in sorted(self._buckets.items())
            for bucket in buckets
        ]

    def _of(self, endpoint: str, key: str, now: float) -> list[Bucket]:
        owner = (endpoint, key if endpoint in _PER_KEY else "")
        if owner not in self._buckets:
            self._buckets[owner] = [Bucket(size, secs, float(size), now) for size, secs in RATES.get(endpoint, ())]
        return self._buckets[owner]
