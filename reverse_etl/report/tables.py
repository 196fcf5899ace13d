"""Rows of text in aligned columns, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence

from reverse_etl.report.redaction import printable


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return the lines of a table, the headers first. An int is written with separators of thousands."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[column]) for row in [list(headers), *cells]) for column in range(len(headers))]
    right = [bool(rows) and all(isinstance(row[column], int) for row in rows) for column in range(len(headers))]
    return [_line(row, widths, right) for row in [list(headers), *cells]]


def source_line(target: str, database: str, relation: str) -> str:
    """Return where the rows of a sync come from: dbt's target, the database in it, and the relation."""
    parts = {"target": target, "database": database, "relation": relation}
    return ", ".join(f"{name} {printable(value)}" for name, value in parts.items() if value)


def pairs(title: str, entries: Sequence[tuple[str, str]]) -> list[str]:
    """Return a title, and below it names with what there is to say; empty ones are left out."""
    return [title, *(f"  {name:<11} {text}" for name, text in entries if text)]


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else printable(value)


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = zip(row, widths, right, strict=True)
    return "  ".join(cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in cells).rstrip()
