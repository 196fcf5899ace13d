"""Token buckets with the rate limits that Iterable documents for each endpoint."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Endpoint to (requests, seconds). Iterable documents only rates. A bucket holds the tokens of one window.
RATE_LIMITS: dict[str, tuple[tuple[int, int], ...]] = {
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
_LIMITED_PER_KEY = {
    "POST /api/users/merge",
    "GET /api/catalogs",
    "GET /api/catalogs/*/items",
    "POST /api/catalogs/*/items",
    "PUT /api/catalogs/*/items/*",
}


@dataclass(frozen=True)
class ExceededLimit:
    """What a 429 reports: size of the bucket, whole tokens left, whole seconds until the next token."""

    limit: int
    remaining: int
    reset: int


@dataclass
class TokenBucket:
    """`capacity` tokens that refill evenly over `seconds`."""

    capacity: int
    seconds: int
    tokens: float
    filled_at: float

    def count_tokens(self, now: float) -> float:
        """Return the tokens in the bucket at this time."""
        # A clock that goes back refills nothing.
        refilled = max(0.0, now - self.filled_at) * self.capacity / self.seconds
        return min(float(self.capacity), self.tokens + refilled)

    def refill(self, now: float) -> None:
        """Add the tokens of the time since the last refill."""
        self.tokens, self.filled_at = self.count_tokens(now), now

    def seconds_until_token(self) -> int:
        """Return whole seconds, at least 1, until there is a token."""
        return max(1, math.ceil((1 - self.tokens) * self.seconds / self.capacity))


class RateLimits:
    """All buckets of one project. A bucket is created full at the first call of its endpoint."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], list[TokenBucket]] = {}

    def take_token(self, endpoint: str, key: str, now: float) -> ExceededLimit | None:
        """Take a token from every bucket of the endpoint. If a bucket is empty, take none and return its limit."""
        buckets = self._buckets_for(endpoint, key, now)
        for bucket in buckets:
            bucket.refill(now)
        for bucket in buckets:
            if bucket.tokens < 1:
                return ExceededLimit(bucket.capacity, int(bucket.tokens), bucket.seconds_until_token())
        for bucket in buckets:
            bucket.tokens -= 1
        return None

    def list_buckets(self, now: float) -> list[tuple[str, int, int, int]]:
        """Return (endpoint, capacity, seconds, whole tokens now) of every bucket in use."""
        return [
            (endpoint, bucket.capacity, bucket.seconds, int(bucket.count_tokens(now)))
            for (endpoint, _), buckets in sorted(self._buckets.items())
            for bucket in buckets
        ]

    def _buckets_for(self, endpoint: str, key: str, now: float) -> list[TokenBucket]:
        key_of_bucket = (endpoint, key if endpoint in _LIMITED_PER_KEY else "")
        if key_of_bucket not in self._buckets:
            self._buckets[key_of_bucket] = [
                TokenBucket(size, secs, float(size), now) for size, secs in RATE_LIMITS.get(endpoint, ())
            ]
        return self._buckets[key_of_bucket]
