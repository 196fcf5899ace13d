"""Reads a few changed rows with their old and new values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reverse_etl.errors import OUT_OF_MEMORY, WarehouseError
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.warehouses.base import Reader, ResultRow


@dataclass(frozen=True)
class ChangedRow:
    """One changed row: its identity, and the old and new value, as text, of each changed field."""

    identity: str
    fields: Mapping[str, tuple[str | None, str | None]]


def read_changed_rows(reader: Reader, diff: Diff, rows: int) -> list[ChangedRow]:
    """Return a few changed rows."""
    found = []
    for row in _read_samples(reader, replace(diff, digested=False), rows):
        triples = zip(diff.layout.values, zip(*[iter(row[1:])] * 3, strict=True), strict=True)
        found.append(ChangedRow(row[0], {v.field.label: (old, new) for v, (differs, old, new) in triples if differs}))
    return found


def _read_samples(reader: Reader, diff: Diff, rows: int) -> list[ResultRow]:
    """Return as many samples as fit into memory."""
    try:
        return reader.query(reader.prepare(diff.samples(rows)))
    except WarehouseError as error:
        if error.code != OUT_OF_MEMORY:
            raise
    return _read_samples(reader, diff, rows // 4) if rows > 1 else []
