"""Compares how fields are mapped now with how they were when the last complete run sent them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence

from reverse_etl.snapshot.columns.row_layout import ValueColumn

_DIGITS = 8


def mapping_of(values: Sequence[ValueColumn]) -> dict[str, str]:
    """Return by field what an edit of its mapping changes: a digest of its column, its constant and its options."""
    return {value.field.label: _digest(value) for value in values}


def _digest(value: ValueColumn) -> str:
    field = value.field
    column = field.column.lower() if field.column is not None else None
    parts = [column, field.constant, field.nulls, field.as_text, field.lowered]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:_DIGITS]


def edited_fields(values: Sequence[ValueColumn], stored: Collection[str], before: object) -> tuple[str, ...]:
    """Return the fields that an edit of the mapping touched since `before`.

    If an older version remembered no mapping, these are the fields without a column among the `stored` ones.
    """
    if not isinstance(before, Mapping):
        return tuple(value.field.label for value in values if value.name not in stored)
    return tuple(label for label, digest in mapping_of(values).items() if before.get(label) != digest)
