"""Retype: a stored value as its column's new type, and the entries for which that says less; it runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.snapshot.columns.row_layout import ValueColumn
from reverse_etl.warehouses.dialect import Dialect


@dataclass(frozen=True)
class TypeChange:
    """A value whose column was stored with another type than the model's has now."""

    name: str
    old: str
    new: str


def find_type_changes(values: Sequence[ValueColumn], stored: Mapping[str, str]) -> list[TypeChange]:
    """Values that have a column in the sync snapshot, of another type. `stored` is its columns with their types."""
    return [
        TypeChange(value.name, stored[value.name], value.type)
        for value in values
        if stored.get(value.name, value.type) != value.type
    ]


def cast_of(dialect: Dialect, expression: str, type_name: str) -> str:
    """A value as another type, NULL where it cannot be. By way of text, since every type has one."""
    return dialect.try_cast(dialect.as_text(expression), type_name)


def state_after(dialect: Dialect, retyped: Sequence[TypeChange]) -> str:
    """The state of an entry under the new types: what does not come back from them as it was is no longer known."""
    if not retyped:
        return "state"
    lost = " OR ".join(
        f"{item.name} IS DISTINCT FROM {cast_of(dialect, cast_of(dialect, item.name, item.new), item.old)}"
        for item in retyped
    )
    return f"CASE WHEN state = 'accepted' AND ({lost}) THEN 'unknown' ELSE state END"
