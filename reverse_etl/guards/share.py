"""ShareEntry: how a definition writes a share of rows that is too high; a few rows are never too many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import Field as Key

from reverse_etl.counting import plural
from reverse_etl.guards.entry_part import EntryPart

_Entry = TypeVar("_Entry", bound=EntryPart)


class ShareEntry(EntryPart):
    """Too many: more than `percent`, and more than `rows`."""

    percent: float = Key(default=50, ge=0)
    rows: int = Key(default=50, ge=0, description="so many rows or fewer never stop a run")

    def exceeded(self, count: int, total: int) -> bool:
        """Return whether `count` is more than `rows`, and more than `percent` of `total`."""
        return count > self.rows and count * 100 > self.percent * total

    def __str__(self) -> str:
        """Return the text for messages: `50 % and 50 rows`."""
        return f"{self.percent:g} % and {plural(self.rows, 'row')}"


def setting_of(settings: Mapping[str, object], name: str, default: _Entry) -> _Entry:
    """Return what a definition sets for a guard. `true` means the default."""
    found = settings.get(name)
    return found if isinstance(found, type(default)) else default


def percentage(count: int, total: int) -> str:
    """Return a share for messages: `40.0 %`."""
    return f"{100 * count / max(total, 1):.1f} %"
