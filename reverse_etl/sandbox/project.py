"""The memory of one Iterable project: users, indexes, field types, the forgotten, last requests. Knows no endpoint."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

from reverse_etl.sandbox.fields import FieldTypes
from reverse_etl.sandbox.identity import RULES, forgotten_hash
from reverse_etl.sandbox.journal import Journal
from reverse_etl.sandbox.limits import Limits
from reverse_etl.sandbox.options import SandboxError, SandboxOptions
from reverse_etl.sandbox.profile import Profile, from_document

Clock = Callable[[], float]
REQUESTS_KEPT: Final = 1000


@dataclass(frozen=True)
class LoggedRequest:
    """One request to the API as the sandbox remembers it: sizes and outcome, never the body or the key."""

    time: float
    method: str
    path: str
    status: int
    bytes: int
    items: int
    summary: str


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


class Project:
    """Everything a sandbox knows. Change users through the methods: they keep the indexes and the journal true.

    Raises SandboxError when the data folder cannot be used, or holds a project of another type.
    """

    users: dict[int, Profile]
    """By the sandbox's own number, oldest first."""
    forgotten_emails: set[str]
    """Hashes, as `forgotten_user_ids` too."""
    forgotten_user_ids: set[str]
    requests: deque[LoggedRequest]
    next_id: int
    _changed: dict[int, Profile]
    _removed: list[int]
    _written: dict[str, object]

    def __init__(self, options: SandboxOptions, clock: Clock | None = None) -> None:
        self.options = options
        self.rules = RULES[options.project_type]
        self.clock: Clock = clock or time.time
        self._journal = Journal(options.data_dir) if options.data_dir else None
        self._empty()
        if self._journal:
            self._load(self._journal)

    @property
    def users_by_email(self) -> dict[str, Profile]:
        """Where several share an e-mail, the oldest."""
        return self.emails.firsts()

    @property
    def users_by_user_id(self) -> dict[str, Profile]:
        """Where several share a userId, the oldest."""
        return self.user_ids.firsts()

    def add(self, email: str | None, user_id: str | None, data: dict[str, Any]) -> Profile:
        now = self.clock()
        profile = Profile(self.next_id, email, user_id, data, now, now)
        self.next_id += 1
        self._adopt(profile)
        self.touch(profile)
        return profile

    def touch(self, profile: Profile) -> None:
        """Note that a profile has changed, so that `commit` writes it."""
        profile.updated = self.clock()
        self._changed[profile.id] = profile

    def identify(self, profile: Profile, email: str | None, user_id: str | None) -> None:
        if profile.email != email:
            self.emails.remove(profile.email, profile)
            profile.email = email
            self.emails.add(email, profile)
        if profile.user_id != user_id:
            self.user_ids.remove(profile.user_id, profile)
            profile.user_id = user_id
            self.user_ids.add(user_id, profile)

    def remove(self, profiles: Iterable[Profile]) -> None:
        for profile in profiles:
            del self.users[profile.id]
            self.emails.remove(profile.email, profile)
            self.user_ids.remove(profile.user_id, profile)
            self._changed.pop(profile.id, None)
            self._removed.append(profile.id)

    def is_forgotten(self, email: str | None, user_id: str | None) -> tuple[bool, bool]:
        """Whether the e-mail, and whether the userId, has been forgotten."""
        return _within(email, self.forgotten_emails), _within(user_id, self.forgotten_user_ids)

    def commit(self) -> None:
        """Write what has changed since the last commit, where there is a data folder."""
        if self._journal and (self._changed or self._removed or self._values() != self._written):
            documents = ((number, profile.document()) for number, profile in self._changed.items())
            self._journal.write(documents, self._removed, self._values())
            self._written = self._values()
        self._changed, self._removed = {}, []

    def reset(self) -> None:
        """As a project that was made a moment ago."""
        self._empty()
        if self._journal:
            self._journal.clear()
        self.commit()

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    def _empty(self) -> None:
        behaviour = self.options.behaviour
        self.users = {}
        self.emails = Index()
        self.user_ids = Index()
        self.fields = FieldTypes(behaviour.project_id, behaviour.field_limit)
        self.forgotten_emails = set()
        self.forgotten_user_ids = set()
        self.requests = deque(maxlen=REQUESTS_KEPT)
        self.limits = Limits()
        self.next_id = 1
        self._changed = {}
        self._removed = []
        self._written = {}

    def _adopt(self, profile: Profile) -> None:
        self.users[profile.id] = profile
        self.emails.add(profile.email, profile)
        self.user_ids.add(profile.user_id, profile)

    def _values(self) -> dict[str, object]:
        return {
            "project_type": self.options.project_type,
            "fields": self.fields.custom,
            "forgotten_emails": sorted(self.forgotten_emails),
            "forgotten_user_ids": sorted(self.forgotten_user_ids),
            "next_id": self.next_id,
        }

    def _load(self, journal: Journal) -> None:
        kept = journal.value("project_type")
        if kept not in {None, self.options.project_type}:
            journal.close()
            wanted = self.options.project_type
            raise SandboxError(f"{self.options.data_dir} holds a project of type {kept}, which cannot become {wanted}")
        for number, document in journal.users():
            self._adopt(from_document(number, document))
        self.fields.types.update(cast("dict[str, str]", journal.value("fields") or {}))
        self.forgotten_emails.update(cast("list[str]", journal.value("forgotten_emails") or []))
        self.forgotten_user_ids.update(cast("list[str]", journal.value("forgotten_user_ids") or []))
        self.next_id = cast("int", journal.value("next_id") or 1)
        self.commit()


def _within(identifier: str | None, forgotten: set[str]) -> bool:
    return bool(forgotten) and identifier is not None and forgotten_hash(identifier) in forgotten
