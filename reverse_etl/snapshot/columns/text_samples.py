"""Counts how many texts of a model's mapped columns match patterns, with one query over its first rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.snapshot.columns.column_checks import find_column
from reverse_etl.snapshot.columns.row_layout import RowLayout, ValueColumn
from reverse_etl.warehouses.base import Reader
from reverse_etl.warehouses.columns import ColumnKind
from reverse_etl.warehouses.dialect import Dialect

ROWS = 10_000


@dataclass(frozen=True)
class PatternCounts:
    """Counts of one field: texts that are not NULL, and texts that match each pattern, by the pattern's name."""

    texts: int
    matches: Mapping[str, int]


def count_patterns(
    reader: Reader, layout: RowLayout, patterns: Mapping[str, str], rows: int = ROWS
) -> Mapping[str, PatternCounts]:
    """Return counts by field, for fields whose values are texts of the model. A pattern must match the whole text."""
    values = [value for value in layout.values if _is_text(value)]
    if not values:
        return {}
    relation = reader.model_table(layout.relation, layout.columns, rows)
    [counts] = reader.query(pattern_query(reader.dialect, relation, values, list(patterns.values()), rows))
    found: dict[str, PatternCounts] = {}
    for number, value in enumerate(values):
        texts, *matches = counts[number * (len(patterns) + 1) : (number + 1) * (len(patterns) + 1)]
        found[value.field.path] = PatternCounts(int(texts), dict(zip(patterns, map(int, matches), strict=True)))
    return found


def pattern_query(
    dialect: Dialect, relation: str, values: Sequence[ValueColumn], patterns: Sequence[str], rows: int
) -> str:
    """Return a query with one row of counts.

    For each value it has the texts, then the texts that match each pattern.
    """
    columns = ", ".join(f"{value.expression} AS {value.name}" for value in values)
    counts = [
        count
        for value in values
        for count in (
            f"COUNT({value.name})",
            *(f"COUNT(CASE WHEN {dialect.matches(value.name, pattern)} THEN 1 END)" for pattern in patterns),
        )
    ]
    return f"SELECT {', '.join(counts)} FROM (SELECT {columns} FROM {relation} LIMIT {rows}) AS sampled"


def _is_text(value: ValueColumn) -> bool:
    """Return whether a value is text of the model and not an identifier."""
    field = value.field
    return value.kind is ColumnKind.TEXT and not (field.from_key or field.as_text)


def sample_texts(reader: Reader, relation: str, columns: Mapping[str, str], rows: int) -> list[tuple[str, str]]:
    """Return a few values of some columns as texts that are not NULL. Each comes with the name given for its column."""
    found: list[tuple[str, str]] = []
    there = reader.columns(relation) or ()
    for name, said in columns.items():
        column = find_column(said, there)
        if column is not None:
            kept = reader.dialect.stored_column(column).expression
            source = reader.model_table(relation, [column.name])
            text = reader.dialect.as_text(kept)
            values = f"SELECT {text} AS value FROM {source} WHERE {kept} IS NOT NULL LIMIT {int(rows)}"
            found += [(name, str(value).strip()) for (value,) in reader.query(values)]
    return found
