"""Types of event fields: fixed per event name, counted over the project. Knows no event beyond its name and fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from reverse_etl.sandbox.rules.fields import Admission, Admitted, Clash, mismatch, too_many_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reverse_etl.sandbox.rules.fields import Fields

EventType = Literal["customEvent", "purchase"]


class Submitted(NamedTuple):
    """The dataFields of one event, and whether they may bring new fields."""

    name: str
    fields: Fields
    create: bool


class EventFields:
    """Event name to the types of its fields. A name counts as a field, as each of its fields does."""

    def __init__(self, project_id: int, limit: int) -> None:
        self.types: Mapping[str, Mapping[str, str]] = {}
        """Dotted path to type, by event name; another object after every change."""
        self._project_id = project_id
        self._limit = limit

    def admit(self, events: Iterable[Submitted], category: EventType = "customEvent") -> Admitted:
        """Check every event against the types of its name, learn the new ones, and give the fields as stored.

        Nothing documents what a clash calls an event: `category` is what the export calls it.
        Raises the whole request's refusal, and learns nothing, when any value clashes or the fields would be too many.
        """
        admissions: dict[str, Admission] = {}
        rows: list[Fields | None] = []
        created: list[str] = []
        for name, fields, create in events:
            if name not in admissions:
                admissions[name] = Admission(self.types.get(name, {}))
                # A name is stored whatever the request says about new fields.
                created += [name] if create and name not in self.types else []
            rows.append(admissions[name].row(fields, create=create))
        if clashes := _clashes(admissions):
            raise mismatch(self._project_id, category, clashes)
        created += (_path(name, path) for name, one in admissions.items() for path in one.learned)
        if created and (total := self.count() + len(created)) > self._limit:
            raise too_many_fields(self._project_id, self._limit, total, created)
        self._learn(admissions)
        filtered_out = [_path(name, path) for name, one in admissions.items() for path in one.filtered_out]
        return Admitted(rows, created, filtered_out)

    def count(self) -> int:
        """How many names the project has used up."""
        return len(self.types) + sum(map(len, self.types.values()))

    def _learn(self, admissions: Mapping[str, Admission]) -> None:
        learned = {name: one.learned for name, one in admissions.items() if one.learned or name not in self.types}
        if learned:
            self.types = {**self.types, **{name: {**self.types.get(name, {}), **learned[name]} for name in learned}}


def _clashes(admissions: Mapping[str, Admission]) -> dict[str, Clash]:
    return {_path(name, path): clash for name, one in admissions.items() for path, clash in one.clashes.items()}


def _path(event: str, path: str) -> str:
    """How messages name the field of an event; recorded for UniqueFieldsLimitExceeded, taken for the others too."""
    return f"{event}.{path}"
