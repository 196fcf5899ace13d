"""Builds SQL for columns with a new type: the converted value, and the entries that lose information. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.snapshot.columns.row_layout import ValueColumn
from reverse_etl.warehouses.dialect import Dialect


@dataclass(frozen=True)
class TypeChange:
    """A value whose stored type differs from the model's current type."""

    name: str
    old: str
    new: str


def find_type_changes(values: Sequence[ValueColumn], stored: Mapping[str, str]) -> list[TypeChange]:
    """Return values whose column in the sync snapshot has another type. `stored` is its columns with their types."""
    return [
        TypeChange(value.name, stored[value.name], value.type)
        for value in values
        if stored.get(value.name, value.type) != value.type
    ]


def cast_of(dialect: Dialect, expression: str, type_name: str) -> str:
    """Return a value as another type; NULL if that is not possible.

    The cast goes through text, which every type has.
    """
    return dialect.try_cast(dialect.as_text(expression), type_name)


def state_after(dialect: Dialect, retyped: Sequence[TypeChange]) -> str:
    """Return the state of an entry under the new types.

    A value that does not convert back unchanged is no longer known.
    """
    return f"CASE WHEN {_loses_values(dialect, retyped)} THEN 'unknown' ELSE state END" if retyped else "state"


def hash_after(dialect: Dialect, retyped: Sequence[TypeChange], otherwise: str) -> str:
    """Return the hash of an entry under the new types: a mark if only its retyped values are no longer known."""
    if not retyped:
        return otherwise
    return f"CASE WHEN {_loses_values(dialect, retyped)} THEN {_mark(dialect)} ELSE {otherwise} END"


def is_marked(dialect: Dialect, entry: str) -> str:
    """Return a test of whether only the retyped values of an entry are unknown. `entry` is the alias of its row."""
    return f"{entry}.state = 'unknown' AND {entry}.row_hash = {_mark(dialect)}"


def _mark(dialect: Dialect) -> str:
    return f"CAST(0 AS {dialect.hash_type})"


def _loses_values(dialect: Dialect, retyped: Sequence[TypeChange]) -> str:
    lost = " OR ".join(
        f"{item.name} IS DISTINCT FROM {cast_of(dialect, cast_of(dialect, item.name, item.new), item.old)}"
        for item in retyped
    )
    return f"state = 'accepted' AND ({lost})"
