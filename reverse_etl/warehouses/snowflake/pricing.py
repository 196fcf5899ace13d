"""About how many credits a query of Snowflake uses: its warehouse is charged by the second, and not by the byte.

docs.snowflake.com/en/user-guide/warehouses-overview: an X-Small warehouse uses one credit an hour, and at least 60
seconds are charged each time it resumes. A larger one uses more credits an hour, and reads faster by the same factor.
"""

from __future__ import annotations

# Stored bytes a second that an X-Small warehouse compares. An assumption; measured runs differ by a factor of two.
_BYTES_A_SECOND = 50_000_000
_LEAST_SECONDS = 60
_HOUR = 3_600


def estimated_credits(stored_bytes: int, credits_an_hour: float = 1) -> float:
    """Return about how many credits it takes to compare so many stored bytes, without the time until it suspends."""
    seconds = stored_bytes / (_BYTES_A_SECOND * credits_an_hour)
    return credits_an_hour * max(seconds, _LEAST_SECONDS) / _HOUR
