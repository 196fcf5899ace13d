"""What a project needs from each part of its state, such as its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reverse_etl.sandbox.state.journal import Journal
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.table import Table


class Store:
    """Tables and a few named values that the data folder stores. A subclass overrides what it needs."""

    def list_tables(self) -> Sequence[Table[Any]]:
        """Return everything that `commit` must write."""
        return ()

    def get_values(self) -> Mapping[str, object]:
        """Return small values for the journal. Names are unique in the project. A changed value is a new object."""
        return {}

    def load_journal(self, journal: Journal) -> None:
        """Load the contents of a data folder."""

    def apply_due(self, now: float) -> None:
        """Apply accepted writes that are due at `now`. It is called before every request."""

    def transfer_user(self, source: Profile, destination: Profile) -> None:
        """Give the data of one user to another, because they are merged. The source is removed afterwards."""

    def remove_user(self, profile: Profile) -> None:
        """Remove the data of a user who is being removed."""
