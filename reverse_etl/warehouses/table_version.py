"""The version of a table: shows that its rows are the same as before, without reading any of them."""

from __future__ import annotations

from dataclasses import dataclass

# A table can change twice within the resolution of its time of change. So a version only counts if the last change was
# this many seconds ago when the version was read, by the warehouse's clock.
SETTLED_AFTER = 30.0


@dataclass(frozen=True, slots=True)
class TableVersion:
    """The version of a base table. Times are seconds since 1970 by the warehouse's clock.

    The table has the same rows as before if the texts are equal and the earlier version was settled. The version was
    read at `read_at` or later.
    """

    text: str
    changed_at: float
    read_at: float

    @property
    def is_settled(self) -> bool:
        """Return whether every later change has another version."""
        return self.read_at - self.changed_at >= SETTLED_AFTER
