"""The rows of one plan by kind, and the ordinals at which a number of them ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.tables import REMOVALS_FROM


@dataclass(frozen=True)
class PlannedRows:
    """The rows of the plan of `fence`. Rows to write have the first ordinals, with invalid rows among them."""

    by_kind: Mapping[str, int]
    store: SnapshotStore
    fence: int

    @property
    def removals(self) -> int:
        return self.by_kind.get("removed", 0)

    @property
    def invalid(self) -> int:
        return self.by_kind.get("invalid", 0)

    @property
    def writes(self) -> int:
        """Return the rows that come before the removals, with the invalid ones."""
        return sum(self.by_kind.values()) - self.removals

    @property
    def to_send(self) -> int:
        return self.writes - self.invalid + self.removals

    def end_of(self, rows: int) -> int:
        """Return the ordinal after the first `rows` rows to send. Invalid rows do not count."""
        beyond_writes = rows - (self.writes - self.invalid)
        if beyond_writes >= 0:
            return REMOVALS_FROM + beyond_writes
        return self.store.ordinal_of_row(self.fence, rows) if self.invalid else rows
