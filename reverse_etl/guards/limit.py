"""LimitEntry: how a definition writes how many rows are too many; `Limit` holds the defaults."""

from __future__ import annotations

from pydantic import Field as Key

from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.sync import Limit


class LimitEntry(EntryPart):
    """Too many: more than both `percent` and `rows`, or more than `share` however few the rows are."""

    percent: float = Key(default=Limit.percent, ge=0, le=100)
    rows: int = Key(default=Limit.rows, ge=0)
    share: float | None = Key(
        default=None,
        ge=0,
        le=100,
        description=f"percent, for any number of rows; default: {Limit.share:g}, or percent if higher",
    )

    def limit(self) -> Limit:
        """Return the limit as a value."""
        return Limit(self.percent, self.rows, max(Limit.share, self.percent) if self.share is None else self.share)
