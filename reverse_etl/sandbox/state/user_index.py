"""An index that finds users by an identifier. Several users can share an identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reverse_etl.sandbox.state.profile import Profile


class UserIndex:
    """Identifier to profiles, oldest first."""

    def __init__(self) -> None:
        self._profiles: dict[str, list[Profile]] = {}

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._profiles

    def find_first(self, identifier: str | None) -> Profile | None:
        """Return the oldest user with this identifier. None if there is no such user."""
        profiles = self._profiles.get(identifier) if identifier is not None else None
        return profiles[0] if profiles else None

    def find_all(self, identifier: str) -> list[Profile]:
        """Return all users with this identifier, oldest first."""
        return list(self._profiles.get(identifier, ()))

    def map_first(self) -> dict[str, Profile]:
        """Return each identifier with its oldest user."""
        return {identifier: profiles[0] for identifier, profiles in self._profiles.items()}

    def add(self, identifier: str | None, profile: Profile) -> None:
        if identifier is not None:
            self._profiles.setdefault(identifier, []).append(profile)

    def remove(self, identifier: str | None, profile: Profile) -> None:
        if identifier is not None:
            self._profiles[identifier] = [other for other in self._profiles[identifier] if other is not profile]
            if not self._profiles[identifier]:
                del self._profiles[identifier]
