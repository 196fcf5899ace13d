"""Finds columns that are marked as personal data and that a definition sends without saying so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reverse_etl.change import Problem
from reverse_etl.definition.faults import EntryLocation
from reverse_etl.errors import Fault
from reverse_etl.guards.columns import pii
from reverse_etl.guards.guard import FieldGuardContext
from reverse_etl.sync import Sync


def find_personal_columns(sync: Sync, personal: Mapping[str, str], location: EntryLocation) -> list[Fault]:
    """Return a fault for each marked column that a field sends. `personal` are marked columns with their marks.

    Identifiers may be marked: who a row is about is the reason to send it.
    """
    if not personal or pii.GUARD.is_off(sync):
        return []
    checked = [(context, pii.GUARD.check(context)) for context in _fields(sync, _whole_columns(personal))]
    return [_fault(location, context, problem) for context, problem in checked if problem is not None]


def _whole_columns(personal: Mapping[str, str]) -> dict[str, str]:
    """Return the marked columns with their marks. A part of a column, such as `address.street`, marks all of it."""
    found: dict[str, str] = {}
    for name, mark in personal.items():
        column = name.partition(".")[0]
        found.setdefault(column, mark if column == name else f"{mark}, at `{name}`")
    return found


def _fields(sync: Sync, personal: Mapping[str, str]) -> Iterator[FieldGuardContext]:
    marks = {column.lower(): mark for column, mark in personal.items()}
    for field in (*sync.key_fields, *(sync.fields or ())):
        if field.column is not None and not field.as_text and field.column.lower() in marks:
            key = field.path if field.from_key else f"fields.{field.path}"
            yield FieldGuardContext(field.column, marks[field.column.lower()], key, field)
    if sync.fields is None:
        taken = {name.lower() for name in (*sync.named_columns(), *sync.hidden)}
        for column, mark in personal.items():
            if column.lower() not in taken:
                yield FieldGuardContext(column, mark, f"fields.{column}")


def _fault(location: EntryLocation, context: FieldGuardContext, problem: Problem) -> Fault:
    key = "fields" if context.field is None else context.key
    fault = location.fault(problem.code, problem.message, key=key)
    return Fault(fault.code, fault.message, context={**fault.context, **problem.context}, hint=problem.hint)
