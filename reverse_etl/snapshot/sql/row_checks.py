"""SQL that says why a row cannot be sent; it runs nothing."""

from __future__ import annotations

from reverse_etl.snapshot.columns.row_layout import Shape, Value
from reverse_etl.snapshot.sql.identifier_text import UNFIT, is_unfit
from reverse_etl.snapshot.sql.second_identifier import malformed
from reverse_etl.sync import Requirement
from reverse_etl.warehouses.columns import ColumnKind
from reverse_etl.warehouses.dialect import Dialect


def reason(dialect: Dialect, shape: Shape) -> str:
    """Why a row of `m` cannot be sent, as a code; NULL where it can. `i` and `k` hold shared identities and keys."""
    rule = shape.rule
    cases = [(f"m.{key.name} IS NULL", "null-key") for key in shape.keys]
    names = dict.fromkeys(name for name, _ in shape.doubtful)
    cases += [(is_unfit(dialect, dialect.as_text(f"m.{name}")), UNFIT) for name in names]
    cases += malformed(dialect, rule)
    cases += [(_unmet(dialect, shape, requirement), requirement.code) for requirement in shape.requirements]
    if shape.keys:
        cases += [(f"k.{shape.keys[0].name} IS NOT NULL", "duplicate-key")]
    cases += [("i.identity IS NOT NULL", "duplicate-identity" if shape.keys else "duplicate-key")]
    return "CASE " + " ".join(f"WHEN {test} THEN '{code}'" for test, code in cases) + " END"


def _unmet(dialect: Dialect, shape: Shape, requirement: Requirement) -> str:
    """Whether a row misses a requirement."""
    values = [shape.named(label) for label in requirement.fields]
    if not requirement.pattern:
        return " AND ".join(_missing(dialect, value) for value in values)
    texts = [dialect.as_text(f"m.{value.name}") for value in values]
    void = f"{_missing(dialect, shape.named(requirement.unless))} AND " if requirement.unless else ""
    wrong = [f"NOT ({dialect.matches(text, requirement.pattern)})" for text in texts]
    wrong += [f"{text} = {dialect.literal(never)}" for text in texts for never in requirement.never]
    there = " AND ".join(f"NOT {_missing(dialect, value)}" for value in values)
    return f"{void}{there} AND ({' OR '.join(wrong)})"


def _missing(dialect: Dialect, value: Value) -> str:
    """Whether a value is not there; arrays and objects, which not every warehouse can write as text, are or are not."""
    name = f"m.{value.name}"
    empty = f" OR trim({dialect.as_text(name)}) = ''" if value.kind is ColumnKind.TEXT else ""
    return f"({name} IS NULL{empty})"
