"""What a project asks of each topic of its memory, such as events. Knows none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reverse_etl.sandbox.state.collection import Shelf
    from reverse_etl.sandbox.state.journal import Journal
    from reverse_etl.sandbox.state.profile import Profile


class Topic:
    """Things on shelves and a few named values, of which a data folder keeps both. A topic overrides what it needs."""

    def shelves(self) -> Sequence[Shelf[Any]]:
        """Everything that `commit` is to write."""
        return ()

    def values(self) -> Mapping[str, object]:
        """Small things by name, unique in the project, for the journal; a value that changes is another object."""
        return {}

    def load(self, journal: Journal) -> None:
        """Take up what a data folder holds."""

    def catch_up(self, now: float) -> None:
        """Apply what was accepted and has become due by `now`. Comes before every request."""

    def follow(self, source: Profile, destination: Profile) -> None:
        """Two users become one; the source is removed afterwards."""

    def leave(self, profile: Profile) -> None:
        """A user is being removed."""
