"""Counting: a number with its noun, for every message; a 1 has no plural."""

from __future__ import annotations


def plural(count: int, noun: str, several: str = "") -> str:
    """`1 row`, `2,000 rows`; `several` is the plural of a noun that does not end in `s` there."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


def were(count: int) -> str:
    """`was` or `were`."""
    return "was" if count == 1 else "were"
