"""Builds SQL that checks why a row cannot be sent. Runs nothing."""

from __future__ import annotations

from reverse_etl.snapshot.columns.row_layout import RowLayout, ValueColumn
from reverse_etl.snapshot.sql.identifier_text import UNFIT, is_unfit
from reverse_etl.snapshot.sql.second_identifier import malformed
from reverse_etl.sync import Requirement
from reverse_etl.warehouses.columns import ColumnKind
from reverse_etl.warehouses.dialect import Dialect


def reason(dialect: Dialect, layout: RowLayout) -> str:
    """Return SQL for why a row of `m` cannot be sent, as a code, or NULL.

    `i` and `k` hold shared identities and keys.
    """
    rule = layout.rule
    cases = [(f"m.{key.name} IS NULL", "null-key") for key in layout.keys]
    names = dict.fromkeys(name for name, _ in layout.mixed_columns)
    cases += [(is_unfit(dialect, dialect.as_text(f"m.{name}")), UNFIT) for name in names]
    cases += malformed(dialect, rule)
    cases += [(_unmet(dialect, layout, requirement), requirement.code) for requirement in layout.requirements]
    if layout.keys:
        cases += [(f"k.{layout.keys[0].name} IS NOT NULL", "duplicate-key")]
    cases += [("i.identity IS NOT NULL", "duplicate-identity" if layout.keys else "duplicate-key")]
    return "CASE " + " ".join(f"WHEN {test} THEN '{code}'" for test, code in cases) + " END"


def _unmet(dialect: Dialect, layout: RowLayout, requirement: Requirement) -> str:
    """Return a test of whether a row misses a requirement."""
    values = [layout.value_of(label) for label in requirement.fields]
    if not requirement.pattern:
        return " AND ".join(_missing(dialect, value) for value in values)
    texts = [dialect.as_text(f"m.{value.name}") for value in values]
    void = f"{_missing(dialect, layout.value_of(requirement.unless))} AND " if requirement.unless else ""
    wrong = [f"NOT ({dialect.matches(text, requirement.pattern)})" for text in texts]
    wrong += [f"{text} = {dialect.literal(never)}" for text in texts for never in requirement.never]
    there = " AND ".join(f"NOT {_missing(dialect, value)}" for value in values)
    return f"{void}{there} AND ({' OR '.join(wrong)})"


def _missing(dialect: Dialect, value: ValueColumn) -> str:
    """Return a test of whether a value is NULL or an empty text."""
    name = f"m.{value.name}"
    empty = f" OR trim({dialect.as_text(name)}) = ''" if value.kind is ColumnKind.TEXT else ""
    return f"({name} IS NULL{empty})"
