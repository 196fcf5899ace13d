"""What a definition may say of its limits: the entries under `guards` and `reject_limit`."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Key

from reverse_etl.sync import GuardLimits, Limit


class Part(BaseModel):
    """A part of an entry."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LimitEntry(Part):
    """Too many: more than both `percent` and `rows`, or more than `share` however few the rows are."""

    percent: float = Key(default=10, ge=0, le=100)
    rows: int = Key(default=100, ge=0)
    share: float | None = Key(
        default=None,
        ge=0,
        le=100,
        description="percent, whatever the number of rows; default: 50, or percent if higher",
    )

    def limit(self) -> Limit:
        """The limit as a value."""
        return Limit(self.percent, self.rows, max(50.0, self.percent) if self.share is None else self.share)


class RemovedEntry(LimitEntry):
    """A limit for removed rows, over a window of time."""

    hours: float = Key(default=20, ge=0, description="rows removed in so many hours before count too; 0: this run only")

    def limit(self) -> Limit:
        """The limit as a value."""
        return replace(super().limit(), hours=self.hours)


class GuardsEntry(Part):
    """What stops this sync before it sends; `false` turns one off for good."""

    empty_model: bool = True
    removed: bool | RemovedEntry = RemovedEntry()
    destination: bool = True
    build: bool = True
    relation: bool = True

    def limits(self) -> GuardLimits:
        """The guards as a value."""
        entry = RemovedEntry() if self.removed is True else self.removed
        removed = entry.limit() if isinstance(entry, RemovedEntry) else None
        return GuardLimits(self.empty_model, removed, self.destination, self.build, self.relation)
