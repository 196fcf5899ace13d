"""Counting: a number with its noun, in answers and pages; a 1 has no plural."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """`1 item`, `1001 items`, as Iterable writes them."""
    return f"{count} {noun if count == 1 else noun + 's'}"
