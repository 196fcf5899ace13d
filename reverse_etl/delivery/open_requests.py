"""Counts requests, and decides how many may be open at the same time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# As many may always be open, and never more than `MOST`.
FEW = 4
MOST = 64
# With more bytes in open requests, only `FEW` may be open.
_MOST_BYTES = 32_000_000


@dataclass
class RequestCounts:
    """What was sent so far.

    `started` counts every attempt when it begins, `requests` when it ends. `paced` are the seconds in which only the
    rate limit held back the next request, `waited` other seconds until a reply came. `latency` is about the seconds of
    a request.
    """

    started: int = 0
    requests: int = 0
    retries: int = 0
    bytes_sent: int = 0
    unanswered: int = 0
    paced: float = 0.0
    waited: float = 0.0
    latency: float = 0.0

    def note_latency(self, seconds: float) -> None:
        """Add a request to the mean."""
        self.latency += (seconds - self.latency) * (0.2 if self.latency else 1.0)


def most_requests(fixed: int, per_second: float, latency: float, sizes: Sequence[int]) -> int:
    """Return how many requests may be open: `fixed`, or if that is 0, as many as the rate limit needs.

    A rate can only be reached if the requests of `latency` seconds, the time until a reply, are open at the same time.
    `per_second` is the rate, 0: no limit. `sizes` are the bytes of the open requests.
    """
    if fixed or not per_second or sum(sizes) >= _MOST_BYTES:
        return fixed or FEW
    return min(max(FEW, math.ceil(per_second * latency) + 1), MOST)
