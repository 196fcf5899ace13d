"""Counting: a number with its noun, for every message; a 1 has no plural."""

from __future__ import annotations


def plural(count: int, noun: str, several: str = "") -> str:
    """`1 row`, `2,000 rows`; `several` is the plural of a noun that does not end in `s` there."""
    return f"{count:,} {agree(count, noun, several or noun + 's')}"


def agree(count: float, one: str, several: str) -> str:
    """Return the word that fits the number: `agree(rows, "counts", "count")`."""
    return one if count == 1 else several


def were(count: int) -> str:
    """`was` or `were`."""
    return agree(count, "was", "were")


def are(count: int) -> str:
    """`is` or `are`."""
    return agree(count, "is", "are")
