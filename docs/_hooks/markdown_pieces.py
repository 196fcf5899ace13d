"""Small pieces of Markdown: tables, and text that is safe inside a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are made safe."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(cell(text) for text in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """Return the text on one line, with no character that would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: object) -> str:
    """Return the text in code style, or nothing for an empty one."""
    return f"`{text}`" if str(text) else ""
