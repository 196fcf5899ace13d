"""OldestRow: when the oldest row of a model happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class OldestRow:
    """The oldest row: its time in UTC, and its age by the warehouse's clock."""

    time: datetime
    age: timedelta

    @property
    def now(self) -> datetime:
        """Return the time of the warehouse in UTC."""
        return self.time + self.age
