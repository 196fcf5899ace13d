"""Finds texts that look like dates but that Iterable would store as strings, from a sample of each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reverse_etl.counting import agree, are, plural
from reverse_etl.destinations.inspection import Inspection, NewField
from reverse_etl.destinations.iterable.fields.date_formats import ACCEPTED_DATE, UNRECOGNIZED_FORMATS

_ACCEPTED = "accepted"
# The patterns that texts of a sample are compared with, by name.
DATE_PATTERNS: Mapping[str, str] = {_ACCEPTED: ACCEPTED_DATE, **UNRECOGNIZED_FORMATS}
_CAST = "cast the column to a date or timestamp in the model"


@dataclass(frozen=True)
class DateSample:
    """A sample of a field's texts: how many, and how many match each of DATE_PATTERNS."""

    count: int
    matches: Mapping[str, int]

    @property
    def dates(self) -> int:
        """Return how many texts Iterable recognizes as dates."""
        return self.matches.get(_ACCEPTED, 0)

    @property
    def odd(self) -> int:
        """Return how many texts look like dates but are strings to Iterable."""
        return sum(self.matches.get(form, 0) for form in UNRECOGNIZED_FORMATS)

    @property
    def are_dates(self) -> bool:
        """Return whether most texts look like dates."""
        return (self.dates + self.odd) * 2 > self.count

    @property
    def form(self) -> str:
        """Return the most frequent format that Iterable does not recognize."""
        return max(UNRECOGNIZED_FORMATS, key=lambda form: self.matches.get(form, 0))


def add_date_findings(found: Inspection, samples: Mapping[str, DateSample]) -> Inspection:
    """Return an inspection with what samples show, by field. Only formats are named, never a value."""
    new = {item.field: item for item in found.new_fields}
    warnings = []
    for name, texts in samples.items():
        if name in found.types:
            warnings += _of_known(name, texts, found.types[name])
        elif name in new and found.inferring:
            warnings += _of_inferred(name, texts)
            new[name] = _inferred(new[name], texts)
        elif name in new:
            warnings += _of_string(name, texts, "would be strings")
    return replace(found, new_fields=tuple(new.values()), warnings=(*found.warnings, *warnings))


def _of_known(name: str, texts: DateSample, kind: str) -> list[str]:
    if kind != "date":
        return _of_string(name, texts, "stay strings there, so map the field to a new name as well")
    misfits = texts.count - texts.dates
    if not misfits:
        return []
    such = f", such as those in the format `{texts.form}`" if texts.odd else ""
    return [
        f"field `{name}` is a date in Iterable, and {_share(misfits, texts)} {are(misfits)} none to it{such}: {_CAST}"
    ]


def _of_inferred(name: str, texts: DateSample) -> list[str]:
    if texts.dates and texts.dates < texts.count:
        look = agree(texts.dates, "looks like a date", "look like dates")
        said = f"field `{name}` is new, and {_share(texts.dates, texts)} {look} to Iterable"
        lasting = "the first to arrive makes it a date, or a string, permanently"
        return [f"{said}, the others do not: {lasting}. If all are dates, {_CAST}"]
    return _of_string(name, texts, "would make it a string permanently")


def _of_string(name: str, texts: DateSample, what: str) -> list[str]:
    if not texts.odd or not texts.are_dates:
        return []
    kind = agree(texts.odd, "is a date", "are dates")
    said = f"field `{name}`: {_share(texts.odd, texts)} {kind} in a format that Iterable does not recognize"
    return [f"{said}, such as `{texts.form}`, and {what}: {_CAST}"]


def _inferred(field: NewField, texts: DateSample) -> NewField:
    """Return a new field as a date, if Iterable recognizes all its texts as dates."""
    if not texts.count or texts.dates < texts.count:
        return field
    return replace(field, type="date", note="its texts all look like dates")


def _share(count: int, texts: DateSample) -> str:
    return f"{count:,} of {plural(texts.count, 'text')}"
