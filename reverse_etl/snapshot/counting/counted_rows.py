"""Reads the result of the statement that counts the differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from reverse_etl.guards.value.drift import ValueChanges
from reverse_etl.snapshot.columns.row_layout import ValueColumn
from reverse_etl.snapshot.counting.counts import DiffCounts, held_counts
from reverse_etl.snapshot.sql.diff import TOTALS
from reverse_etl.snapshot.sql.value_changes import read_statistics
from reverse_etl.warehouses.base import ResultRow


def read_counts(result: Iterable[ResultRow], values: Sequence[ValueColumn]) -> DiffCounts:
    """Return the counts from the rows of `Diff.counts`."""
    rows: Counter[str] = Counter()
    by_reason: dict[str, dict[str, int]] = {"invalid": {}, "quarantined": {}}
    fields: dict[str, int] = {}
    changes: dict[str, ValueChanges] = {}
    edited, totals = 0, [0] * TOTALS
    labels = [value.field.label for value in values]
    for kind, reason, count, *rest in result:
        rows[kind] += int(count)
        numbers, only_edited, statistics = rest[: len(labels)], rest[len(labels)], rest[len(labels) + 1]
        if kind == "total":
            totals = [int(number) for number in rest[-TOTALS:]]
        elif kind in by_reason:
            by_reason[kind][reason] = int(count)
        elif kind == "changed":
            fields = {label: int(n) for label, n in zip(labels, numbers, strict=True) if n}
            edited = int(only_edited)
        if statistics:
            for label, found in read_statistics(statistics, values).items():
                changes[label] = changes.get(label, ValueChanges()) + found
    return _counts(rows, by_reason, totals, DiffCounts(changed_fields=fields, edited=edited, values=changes))


def _counts(
    rows: Mapping[str, int], by_reason: Mapping[str, Mapping[str, int]], totals: Sequence[int], found: DiffCounts
) -> DiffCounts:
    """Return `found` with the counts of rows by kind and reason, and the totals."""
    rows_read, entries_read, new, missing, returned, noted, identity_changes, *held_totals, left_out, others = totals
    entries = entries_read + others
    kinds = {kind: rows.get(kind, 0) for kind in ("added", "changed", "resent", "quarantined", "invalid")}
    held = held_counts(by_reason["quarantined"], held_totals)
    return DiffCounts(
        **held,
        changed_fields=found.changed_fields,
        edited=found.edited,
        values=found.values,
        added=kinds["added"],
        changed=kinds["changed"],
        resent=kinds["resent"],
        quarantined=kinds["quarantined"] + held["refused_removals"],
        removed=rows.get("removed", 0),
        returned=returned,
        unchanged=rows_read - sum(kinds.values()),
        stale=rows.get("stale", 0),
        invalid=by_reason["invalid"],
        model_rows=rows_read + left_out,
        left_out=left_out,
        entries=entries,
        identity_changes=identity_changes,
        compared=entries - missing,
        noted=noted,
        hides_duplicates=rows_read - new > entries_read - missing,
    )
