"""Builds SQL that counts, field by field, what became of values that changed. Runs nothing.

The counts are part of the statement that counts the rows by kind, so they need no scan of their own. Only `totals` and
`shapes`, for fields that may have drifted, read their columns again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reverse_etl.guards.value.drift import ValueChanges
from reverse_etl.snapshot.columns.row_layout import ValueColumn
from reverse_etl.snapshot.sql.comparison import Comparison
from reverse_etl.warehouses.columns import ColumnKind

# The shapes of texts, in words for people. The tests are short: a statement may have 500 fields and a million bytes.
SHAPES = ("empty texts", "numbers", "dates", "e-mail addresses", "texts")
# Postgres returns at most 1,664 columns from a query, and the columns of both sides are among them. So in a
# model of more than about 300 fields the last ones are not watched.
_MOST_COLUMNS, _COLUMNS_EACH = 1_600, 3
_NUMBER = "[-+]?[0-9][0-9.,]*(e[-+]?[0-9]+)?"
_NESTED = (ColumnKind.JSON, ColumnKind.ARRAY, ColumnKind.OBJECT)
_DATE, _EMAIL = "'____-__-__%'", "'%_@_%'"


class ChangedValues:
    """The values of one comparison that changed."""

    def __init__(self, comparison: Comparison) -> None:
        """`comparison` knows the columns of both sides."""
        self._comparison = comparison
        self._dialect = comparison.dialect
        # A constant changes only with the definition.
        watched = [(n, value) for n, value in enumerate(comparison.layout.values) if value.column is not None]
        rest = _MOST_COLUMNS - 2 * len(comparison.layout.values)
        self._values = watched[: max(0, rest // _COLUMNS_EACH)]

    def source(self) -> str:
        """Return the classified rows, with a mark for each value that differs from one that was there."""
        columns = ["*"]
        for n, value in self._values:
            columns += [f"CASE WHEN {self._lost(value)} THEN 1 END AS l{n}", f"{value.name} AS w{n}"]
            columns += [f"{self._old_text(value, 'old_')} AS o{n}"] if self.has_shape(value) else []
        return f"(SELECT {', '.join(columns)} FROM {self._comparison.at('classified')}) c"

    def statistics(self) -> str:
        """Return one text for a group of rows: `position,lost,nulled,reshaped,constant;` for each value."""
        parts = [self._dialect.concat_texts([f"'{n},'", *self._of_value(n, value)]) for n, value in self._values]
        return self._dialect.concat_texts(parts) if parts else "''"

    def _lost(self, value: ValueColumn) -> str:
        differs = self._comparison.value_differs(value)
        if not self._is_retyped(value):
            return f"kind = 'changed' AND old_{value.name} IS NOT NULL AND {differs}"
        # The cast to the new type may have lost the old value, so that it does not differ from NULL.
        gone = "" if value.skips_nulls else f" OR {value.name} IS NULL"
        return f"kind IN ('changed', 'resent') AND was_{value.name} IS NOT NULL AND ({differs}{gone})"

    def _of_value(self, n: int, value: ValueColumn) -> Iterator[str]:
        text = self._dialect.as_text
        yield text(f"count(l{n})")
        yield "','"
        yield text(f"count(CASE WHEN w{n} IS NULL THEN l{n} END)")
        yield "','"
        new = f"w{n}" if value.kind is ColumnKind.TEXT else text(f"w{n}")
        reshaped = f"count(CASE WHEN l{n} = 1 AND ({self._reshaped(f'o{n}', new)}) THEN 1 END)"
        yield text(reshaped) if self.has_shape(value) else "'0'"
        single = f"min(CASE WHEN l{n} = 1 THEN {new} END) = max(CASE WHEN l{n} = 1 THEN {new} END)"
        yield "',0;'" if value.kind is ColumnKind.BOOLEAN else f"CASE WHEN {single} THEN ',1;' ELSE ',0;' END"

    def has_shape(self, value: ValueColumn) -> bool:
        """Return whether the texts of a value can be of another shape than before. A digest has no shape."""
        comparable = value.kind is ColumnKind.TEXT or (self._is_retyped(value) and value.kind not in _NESTED)
        return comparable and not value.json and not self._comparison.is_digested(value)

    def _is_retyped(self, value: ValueColumn) -> bool:
        return value.name in self._comparison.retyped

    def _reshaped(self, old: str, new: str) -> str:
        return " OR ".join(
            f"({one}) <> ({other})" for one, other in zip(self._tests(old), self._tests(new), strict=True)
        )

    def _tests(self, text: str) -> tuple[str, ...]:
        """Return the tests of the SHAPES of a text, without the last."""
        number = self._dialect.matches(text, _NUMBER)
        # JSON that is declared as text cannot be compared with an empty text everywhere.
        return f"{text} NOT LIKE '_%'", number, f"{text} LIKE {_DATE}", f"{text} LIKE {_EMAIL}"

    def totals(self, values: Sequence[ValueColumn]) -> str:
        """Return for each value how many entries have one, and 1 if the model has only one value now."""
        had = ", ".join(f"count({self._old(value)}) AS had_{n}" for n, value in enumerate(values))
        texts = [self._dialect.as_text(value.name) for value in values]
        single = (f"CASE WHEN min({x}) = max({x}) THEN 1 ELSE 0 END AS single_{n}" for n, x in enumerate(texts))
        columns = ", ".join(f"e.had_{n}, m.single_{n}" for n in range(len(values)))
        sides = f"(SELECT {had} FROM entries) e CROSS JOIN (SELECT {', '.join(single)} FROM model) m"
        return f"{self._sides(replace(self._comparison, recent=None))} SELECT {columns} FROM {sides}"

    def shapes(self, values: Sequence[ValueColumn]) -> str:
        """Return for each value and each of SHAPES how many values of rows that differ had the shape, and have it."""
        marks = []
        for n, value in enumerate(values):
            old, new = self._old_text(value, "e."), self._dialect.as_text(f"m.{value.name}")
            differs = f"{self._dialect.as_text(old)} IS DISTINCT FROM {new}"
            marks += [f"CASE WHEN {differs} THEN {self._shape(old)} END AS old_{n}"]
            marks += [f"CASE WHEN {differs} THEN {self._shape(new)} END AS new_{n}"]
        sides = [f"{side}_{n}" for n in range(len(values)) for side in ("old", "new")]
        counts = (f"count(CASE WHEN {side} = {k} THEN 1 END)" for side in sides for k in range(len(SHAPES)))
        rows = f"SELECT {', '.join(marks)} FROM model m JOIN entries e ON e.identity = m.identity"
        return f"{self._sides(self._comparison)} SELECT {', '.join(counts)} FROM ({rows}) x"

    def _shape(self, text: str) -> str:
        """Return the shape of a text as its position in SHAPES; NULL if there is none."""
        tests = [f"WHEN {test} THEN {k}" for k, test in enumerate(self._tests(text))]
        return f"CASE WHEN {text} IS NULL THEN NULL {' '.join(tests)} ELSE {len(SHAPES) - 1} END"

    def _old(self, value: ValueColumn, prefix: str = "") -> str:
        return f"was_{value.name}" if self._is_retyped(value) else prefix + value.name

    def _old_text(self, value: ValueColumn, prefix: str) -> str:
        """Return the old value of a column that has a shape, as text."""
        if not self._is_retyped(value):
            return prefix + value.name
        return self._dialect.as_text(self._old(value, prefix) if prefix == "old_" else prefix + self._old(value))

    def _sides(self, comparison: Comparison) -> str:
        both = [("model", comparison.model_rows()), ("entries", comparison.live_entries())]
        return self._dialect.with_clause(both, ())


def read_statistics(text: str, values: Sequence[ValueColumn]) -> dict[str, ValueChanges]:
    """Return the changes by field from the text of one group of rows. Fields without changes are left out."""
    found = {}
    for part in text.split(";")[:-1]:
        position, lost, nulled, reshaped, constant = (int(number) for number in part.split(","))
        value = values[position]
        flipped = lost - nulled if value.kind is ColumnKind.BOOLEAN else 0
        if lost:
            found[value.field.label] = ValueChanges(lost, nulled, flipped, reshaped, bool(constant))
    return found
