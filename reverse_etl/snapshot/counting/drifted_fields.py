"""Finds the fields whose values drifted, from the counts of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reverse_etl.guards.value.column_drift import DriftEntry
from reverse_etl.guards.value.drift import Drift, ValueChanges
from reverse_etl.snapshot.columns.row_layout import ValueColumn
from reverse_etl.snapshot.counting.counts import DiffCounts
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.snapshot.sql.value_changes import SHAPES, ChangedValues
from reverse_etl.warehouses.base import Reader
from reverse_etl.warehouses.columns import ColumnKind

# Fields that one statement looks at: Postgres returns at most 1,664 columns.
_MOST_FIELDS = 100
# A column that has only one value now has drifted if more than this share of its values became that value.
_CONSTANT_PERCENT = 10


def find_drifts(reader: Reader, diff: Diff, counts: DiffCounts, limit: DriftEntry) -> tuple[Drift, ...]:
    """Return the fields whose values drifted beyond the limit.

    How many rows had a value is only asked for fields whose changes are one-sided, since it reads their columns again.
    """
    one_sided = [v for v in diff.layout.values if counts.values.get(v.field.label, _NONE).may_drift(limit)]
    finder = _DriftFinder(reader, diff, counts, limit)
    portions = (one_sided[start : start + _MOST_FIELDS] for start in range(0, len(one_sided), _MOST_FIELDS))
    return tuple(drift for portion in portions for drift in finder.find(portion))


_WORDS = {
    ColumnKind.INTEGER: "numbers",
    ColumnKind.DECIMAL: "numbers",
    ColumnKind.NUMBER: "numbers",
    ColumnKind.FLOAT: "numbers",
    ColumnKind.DATE: "dates",
    ColumnKind.TIMESTAMP: "timestamps",
    ColumnKind.BOOLEAN: "truth values",
    ColumnKind.TEXT: "texts",
}
_NONE = ValueChanges()


class _DriftFinder:
    def __init__(self, reader: Reader, diff: Diff, counts: DiffCounts, limit: DriftEntry) -> None:
        self._reader, self._counts, self._limit = reader, counts, limit
        self._changed = ChangedValues(diff)

    def find(self, values: Sequence[ValueColumn]) -> Iterator[Drift]:
        """Return the drifts among these values."""
        [totals] = self._reader.query(self._changed.totals(values))
        drifted = []
        for value, had, single in zip(values, totals[::2], totals[1::2], strict=True):
            before = self._values_in_model(int(had))
            kind, rows = self._kind(self._counts.values[value.field.label], before, is_single=bool(single))
            if kind:
                drifted.append((value, kind, rows, before))
        shapes = self._shapes([value for value, *_ in drifted if self._changed.has_shape(value)])
        for value, kind, rows, before in drifted:
            old, new = shapes.get(value.name, (_WORDS.get(value.kind, "values"), ""))
            after = {"null": "NULL", "constant": "the same value", "flipped": "the opposite"}.get(kind, new)
            yield Drift(value.field.label, rows, before, old, after)

    def _values_in_model(self, had: int) -> int:
        """Return about how many rows of the model had a value: entries whose row left the model do not count."""
        return round(had * self._counts.compared / max(self._counts.entries, 1))

    def _kind(self, changes: ValueChanges, before: int, *, is_single: bool) -> tuple[str, int]:
        """Return how the values drifted, and in how many rows; an empty text if they did not."""
        kinds = changes.by_kind()
        kind = max(kinds, key=lambda name: kinds[name])
        rows = kinds[kind]
        if self._limit.exceeded(rows, before):
            return kind, rows
        constant = kinds["constant"]
        uniform = is_single and constant > self._limit.rows and 100 * constant > _CONSTANT_PERCENT * before
        return ("constant", constant) if uniform else ("", 0)

    def _shapes(self, values: Sequence[ValueColumn]) -> dict[str, tuple[str, str]]:
        """Return the most frequent shape of the old and of the new texts, by the name of the value."""
        if not values:
            return {}
        [counts] = self._reader.query(self._changed.shapes(values))
        width = len(SHAPES)
        sides = [counts[start : start + width] for start in range(0, len(counts), width)]
        frequent = [SHAPES[max(range(width), key=lambda n, side=side: int(side[n]))] for side in sides]  # type: ignore[misc]
        return dict(zip([v.name for v in values], zip(frequent[::2], frequent[1::2], strict=True), strict=True))
