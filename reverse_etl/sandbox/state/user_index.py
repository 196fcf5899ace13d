"""Finds users by an identifier that several may share. Knows no rule about who may."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reverse_etl.sandbox.state.profile import Profile


class Index:
    """Identifier to profiles, oldest first; several may share one where the project type lets them."""

    def __init__(self) -> None:
        self._of: dict[str, list[Profile]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._of

    def first(self, key: str | None) -> Profile | None:
        found = self._of.get(key) if key is not None else None
        return found[0] if found else None

    def all(self, key: str) -> list[Profile]:
        return list(self._of.get(key, ()))

    def firsts(self) -> dict[str, Profile]:
        return {key: found[0] for key, found in self._of.items()}

    def add(self, key: str | None, profile: Profile) -> None:
        if key is not None:
            self._of.setdefault(key, []).append(profile)

    def remove(self, key: str | None, profile: Profile) -> None:
        if key is not None:
            self._of[key] = [other for other in self._of[key] if other is not profile]
            if not self._of[key]:
                del self._of[key]
