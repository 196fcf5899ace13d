"""Builds SQL for the order of the rows of a plan: rows of one user together, in the order of their time."""

from __future__ import annotations

from collections.abc import Sequence

from reverse_etl.snapshot.columns.row_layout import RowLayout, ValueColumn
from reverse_etl.warehouses.columns import ColumnKind
from reverse_etl.warehouses.dialect import Dialect

_SORTABLE = (ColumnKind.TEXT, ColumnKind.UUID, ColumnKind.DATE, ColumnKind.TIMESTAMP)
_NUMBERS = (ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.FLOAT)


def sort_keys(dialect: Dialect, layout: RowLayout, alias: str) -> Sequence[str]:
    """Return what the rows `alias` of a plan are sorted by, rows without a value last; empty if any order will do."""
    values = {value.field.label: value for value in layout.values if value.column is not None}
    users = [_present(dialect, alias, values[label]) for label in layout.order.users if label in values]
    fields = [values[label] for label in layout.order.fields if label in values]
    keys = [f"coalesce({', '.join(users)})" if len(users) > 1 else user for user in users[:1]]
    for value in fields:
        name = f"{alias}.{value.name}"
        keys += [f"CASE WHEN {name} IS NULL THEN 1 ELSE 0 END", _sortable(dialect, name, value)]
    return [*keys, f"{alias}.identity"] if keys else []


def _present(dialect: Dialect, alias: str, value: ValueColumn) -> str:
    """Return the text of a value; NULL if it is blank."""
    return f"nullif(trim({dialect.as_text(f'{alias}.{value.name}')}), '')"


def _sortable(dialect: Dialect, name: str, value: ValueColumn) -> str:
    """Return a value that every warehouse can sort: JSON, for one, has no order in some of them."""
    return name if value.kind in (*_SORTABLE, *_NUMBERS) and not value.json else dialect.as_text(name)
