"""Numbers with their nouns, for messages: `1 row`, `2 rows`."""

from __future__ import annotations


def plural(count: int, noun: str, several: str = "") -> str:
    """Return `1 row` or `2,000 rows`. `several` is the plural, if it is not the noun with an `s`."""
    return f"{count:,} {agree(count, noun, several or noun + 's')}"


def agree(count: float, one: str, several: str) -> str:
    """Return the form that agrees with the number: `agree(rows, "counts", "count")`."""
    return one if count == 1 else several


def were(count: int) -> str:
    """Return `was` or `were`."""
    return agree(count, "was", "were")


def are(count: int) -> str:
    """Return `is` or `are`."""
    return agree(count, "is", "are")
