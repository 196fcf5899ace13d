"""ReadEstimate: what a query would read, before it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadEstimate:
    """What a query would read. None: not known, or the warehouse does not charge for it.

    `basis` says where the figures come from, in words.
    """

    basis: str
    bytes_read: int | None = None
    bytes_billed: int | None = None
    credits: float | None = None
