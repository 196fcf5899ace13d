"""The whole numbers that Iterable's type `long` holds: 64 bits, with a sign."""

from __future__ import annotations

MIN_LONG, MAX_LONG = -(2**63), 2**63 - 1


def fits_long(number: float) -> bool:
    """Return whether a whole number fits 64 bits."""
    return MIN_LONG <= number <= MAX_LONG
