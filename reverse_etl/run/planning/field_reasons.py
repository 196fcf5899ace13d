"""Says why a planned row goes whole or in part, and why each of its fields is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from reverse_etl.delivery.row_fields import WHOLE_ROW, RowFields
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.columns.row_layout import ValueColumn

_IDENTIFIER = "identifier"


@dataclass(frozen=True)
class PlannedRow:
    """One row of the plan: `changed` is the plan's column of changed fields, `state` the row's entry in the snapshot.

    `values` are the row's values by column; `state` is None if there is no entry.
    """

    kind: str
    identity: str
    changed: str | None
    state: str | None
    values: Mapping[str, object]

    @property
    def differing(self) -> Collection[int]:
        """Return the positions of the fields that differ from the sync snapshot."""
        return {int(text) for text in (self.changed or "").split(",") if text.isdecimal()}


@dataclass(frozen=True)
class FieldReasons:
    """Explains the rows of one sync. `full_refresh`: every row is sent again on request."""

    runnable: RunnableSync
    full_refresh: bool = False

    def explain_row(self, row: PlannedRow, fields: RowFields) -> str:
        """Return what the row carries, and why."""
        if row.kind == "removed":
            return "its row left the model"
        if fields.partial:
            return "changed fields only"
        return f"whole row: {self._whole_reason(row)}"

    def explain_fields(self, row: PlannedRow, fields: RowFields) -> dict[str, str]:
        """Return the reason of each field that the row carries, by the name of the field."""
        return dict(self._reasons(row, fields))

    def _whole_reason(self, row: PlannedRow) -> str:
        name = self.runnable.vendor.replies.name
        if row.kind == "added":
            return "it was removed before" if row.state == "absent" else "never accepted"
        if self.full_refresh:
            return "--full-refresh"
        if row.state == "unknown":
            return "the outcome of its last attempt is not known"
        if self.runnable.sync.sends_changed_fields and (row.changed or "").startswith(WHOLE_ROW):
            return "it did not arrive in an earlier run"
        if getattr(self.runnable.sync.entry, "send", None) == "whole_row":
            return "`send: whole_row`"
        return f"{name} replaces what it holds" if row.differing else "its primary key belongs to another row now"

    def _reasons(self, row: PlannedRow, fields: RowFields) -> Iterator[tuple[str, str]]:
        rule = self.runnable.layout.rule
        other = rule.otherwise
        key = other.key if other is not None and row.identity.startswith(other.mark) else rule.key
        yield key, _IDENTIFIER
        if row.kind == "removed":
            return
        for position in fields.positions:
            value = self.runnable.layout.values[position]
            yield self._name(value), self._reason(row, position, value, fields)

    def _name(self, value: ValueColumn) -> str:
        """Return the name of a field: its path, or its label if a key of the definition and a field share the path."""
        same = [other for other in self.runnable.layout.values if other.field.path == value.field.path]
        return value.field.path if len(same) == 1 else value.field.label

    def _reason(self, row: PlannedRow, position: int, value: ValueColumn, fields: RowFields) -> str:
        if value.skips_nulls and row.values.get(value.name) is None:
            return "NULL, not sent (`nulls: skip`)"
        if value.field.label in {one.label for one in self.runnable.bound.people}:
            is_new_value = row.kind != "added" and position in row.differing
            return f"{_IDENTIFIER}, changed" if is_new_value else _IDENTIFIER
        is_constant = value.field.column is None
        if row.kind == "added":
            return "constant, first acceptance" if is_constant else "new"
        if position in row.differing:
            return "constant, changed" if is_constant else "changed"
        if fields.partial:
            return "unchanged, but its object is replaced as a whole"
        return "constant" if is_constant else "unchanged"
