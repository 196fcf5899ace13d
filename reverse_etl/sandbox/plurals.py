"""Numbers with their noun, as replies and pages write them."""

from __future__ import annotations


def pluralize(count: int, noun: str) -> str:
    """Return `1 item` or `1001 items`, as Iterable writes them."""
    return f"{count} {noun if count == 1 else noun + 's'}"
