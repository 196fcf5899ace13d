"""What `validate` found about one sync: as text for people, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from reverse_etl.destinations.inspection import Inspection, NewField
from reverse_etl.errors import ReverseEtlError
from reverse_etl.report.failures import problem_dict, problems_of
from reverse_etl.report.redaction import printable
from reverse_etl.report.tables import pairs
from reverse_etl.sync import BrokenSync, Sync


@dataclass
class Finding:
    """What was found about one sync. `inspection` is None if warehouse and Iterable were not asked.

    `about_people` warns that another sync knows people by another identifier, `about_name` that the sync seems to have
    had another name. `unset` are variables that are missing,
    `not_checked` what could not be checked for the lack of them.
    """

    sync: Sync | BrokenSync
    errors: list[ReverseEtlError] = field(default_factory=list)
    inspection: Inspection | None = None
    about_people: str = ""
    about_name: str = ""
    unset: Sequence[ReverseEtlError] = ()
    not_checked: list[str] = field(default_factory=list)

    @property
    def warnings(self) -> Sequence[str]:
        """Return everything that is not an error and still worth reading."""
        online = self.inspection.warnings if self.inspection is not None else ()
        about = [warning for warning in (self.about_name, self.about_people) if warning]
        return (*self.not_checked, *about, *online)


def finding_lines(finding: Finding, ok: str) -> list[str]:
    """Return the lines for a sync without errors. `ok` is that word, in its colour."""
    found = finding.inspection
    offline = "definition" if finding.unset else "definition and destination"
    checked = offline if found is None else "definition, destination and columns"
    if found is not None and found.types_read:
        checked = "definition, destination, columns and field types"
    title = f"{ok}  sync {printable(finding.sync.name)}: {checked}"
    if found is None:
        return [title]
    width = max((len(item.field) for item in found.new_fields), default=0)
    fields = [f"{printable(item.field).ljust(width)}  {_type(item)}" for item in found.new_fields]
    return pairs(title, [*_label_first("note", found.notes), *_label_first("new fields", fields)])


def finding_dict(finding: Finding) -> dict[str, object]:
    """Return one sync as JSON; `inspection` is null if warehouse and Iterable were not asked."""
    sync = finding.sync
    return {
        "sync": sync.name,
        "model": sync.unique_id,
        "object": sync.object if isinstance(sync, Sync) else None,
        "destination": sync.destination,
        "ok": not finding.errors,
        "warnings": list(finding.warnings),
        "inspection": None if finding.inspection is None else _as_dict(finding.inspection),
        "problems": [problem_dict(problem) for error in finding.errors for problem in problems_of(error)],
    }


def _as_dict(found: Inspection) -> dict[str, object]:
    fields = [asdict(item) for item in found.new_fields]
    return {"new_fields": fields, "types": found.types, "warnings": found.warnings, "notes": found.notes}


def _label_first(name: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    return [(name if number == 0 else "", text) for number, text in enumerate(texts)]


def _type(item: NewField) -> str:
    given = item.type or ("" if item.note else "what its first value is")
    return f"{given} ({item.note})" if given and item.note else given or item.note
