"""Types of event fields. They are fixed for each event name and counted over the whole project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from reverse_etl.sandbox.rules.fields import Admission, AdmittedRows, Clash, TooManyFields, TypeMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reverse_etl.sandbox.rules.fields import Fields

EventType = Literal["customEvent", "purchase"]


class SubmittedEvent(NamedTuple):
    """The name and dataFields of one event. `create`: whether they may create fields."""

    name: str
    fields: Fields
    create: bool


class EventFieldTypes:
    """Event name to the types of its fields. A name counts as a field, and so does each of its fields."""

    def __init__(self, project_id: int, limit: int) -> None:
        self.types: Mapping[str, Mapping[str, str]] = {}
        """Dotted path to type, by event name. It is a new object after every change."""
        self._project_id = project_id
        self._limit = limit

    def admit_events(self, events: Iterable[SubmittedEvent], category: EventType = "customEvent") -> AdmittedRows:
        """Check every event against the types of its name, learn new types, and return the fields as stored.

        Iterable does not document the category that a clash shows. `category` is the word of the export.
        If a value clashes or the fields would be too many, nothing is learned and the whole request is refused.
        """
        admissions: dict[str, Admission] = {}
        rows: list[Fields | None] = []
        created: list[str] = []
        for name, fields, create in events:
            if name not in admissions:
                admissions[name] = Admission(self.types.get(name, {}))
                # A new name is stored even if the request may not create fields.
                created += [name] if create and name not in self.types else []
            rows.append(admissions[name].admit_row(fields, create=create))
        if clashes := _list_clashes(admissions):
            raise TypeMismatch(self._project_id, category, clashes)
        created += (_format_path(name, path) for name, one in admissions.items() for path in one.new_types)
        if created and (total := self.count_names() + len(created)) > self._limit:
            raise TooManyFields(self._project_id, self._limit, total, created)
        self._store_types(admissions)
        filtered_out = [
            _format_path(name, path) for name, one in admissions.items() for path in one.filtered_out_fields
        ]
        return AdmittedRows(rows, created, filtered_out)

    def count_names(self) -> int:
        """Return how many names count against the project's limit."""
        return len(self.types) + sum(map(len, self.types.values()))

    def _store_types(self, admissions: Mapping[str, Admission]) -> None:
        new = {name: one.new_types for name, one in admissions.items() if one.new_types or name not in self.types}
        if new:
            self.types = {**self.types, **{name: {**self.types.get(name, {}), **new[name]} for name in new}}


def _list_clashes(admissions: Mapping[str, Admission]) -> dict[str, Clash]:
    return {_format_path(name, path): clash for name, one in admissions.items() for path, clash in one.clashes.items()}


def _format_path(event: str, path: str) -> str:
    """Return an event field as messages name it: recorded for UniqueFieldsLimitExceeded, assumed for the others."""
    return f"{event}.{path}"
