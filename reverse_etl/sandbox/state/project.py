"""The memory of one Iterable project: its users, and the topics that remember the rest. Knows no endpoint."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, cast

from reverse_etl.sandbox.http.request_log import RequestLog
from reverse_etl.sandbox.options import SandboxError, SandboxOptions
from reverse_etl.sandbox.rules.faults import Faults
from reverse_etl.sandbox.rules.fields import FieldTypes
from reverse_etl.sandbox.rules.identity import RULES, forgotten_hash
from reverse_etl.sandbox.rules.limits import Limits
from reverse_etl.sandbox.state.catalogs import Catalogs
from reverse_etl.sandbox.state.collection import Shelf
from reverse_etl.sandbox.state.events import Events
from reverse_etl.sandbox.state.jobs import Jobs
from reverse_etl.sandbox.state.journal import Journal
from reverse_etl.sandbox.state.lists import Lists
from reverse_etl.sandbox.state.profile import Profile, from_document
from reverse_etl.sandbox.state.store import Topic
from reverse_etl.sandbox.state.user_index import Index

Clock = Callable[[], float]
_NOTHING: Final = object()


class Project:
    """Everything a sandbox knows. Change users through the methods: they keep the indexes and the journal true.

    Raises SandboxError when the data folder cannot be used, or holds a project of another type.
    """

    forgotten_emails: set[str]
    """Hashes, as `forgotten_user_ids` too."""
    forgotten_user_ids: set[str]
    requests: RequestLog
    begun: object
    """Another one after each reset."""
    _topics: tuple[Topic, ...]
    _written: dict[str, object]

    def __init__(self, options: SandboxOptions, clock: Clock | None = None) -> None:
        self.options = options
        self.rules = RULES[options.project_type]
        self.clock: Clock = clock or time.time
        self._journal = Journal(options.data_dir) if options.data_dir else None
        self._begin(self._journal)
        self.commit()

    def twin(self, clock: Clock) -> Project:
        """Another project that holds what this one held when it began, in memory alone."""
        twin = Project(replace(self.options, data_dir=None), clock)
        if self._journal:
            twin._begin(self._journal)
        return twin

    @property
    def users(self) -> dict[int, Profile]:
        """By the sandbox's own number, oldest first."""
        return self._users.things

    @property
    def next_id(self) -> int:
        """The number of the next user."""
        return self._users.next_id

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
        profile = self._users.put(Profile(self.next_id, email, user_id, data, now, now))
        self.emails.add(email, profile)
        self.user_ids.add(user_id, profile)
        return profile

    def touch(self, profile: Profile) -> None:
        """Note that a profile has changed, so that `commit` writes it."""
        profile.updated = self.clock()
        self._users.put(profile)

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
            for topic in self._topics:
                topic.leave(profile)
            self.emails.remove(profile.email, profile)
            self.user_ids.remove(profile.user_id, profile)
            self._users.drop(profile)

    def read(self, profile: Profile) -> dict[str, Any]:
        """The user as the API shows it."""
        told = profile.as_read(self.rules.list_field, self.lists.of(profile))
        return {"email": "", **told} if self.options.behaviour.absent_email == "empty" else told

    def follow(self, source: Profile, destination: Profile) -> None:
        """What belongs to the source belongs to the destination from now on: two users become one."""
        for topic in self._topics:
            topic.follow(source, destination)

    def is_forgotten(self, email: str | None, user_id: str | None) -> tuple[bool, bool]:
        """Whether the e-mail, and whether the userId, has been forgotten."""
        return _within(email, self.forgotten_emails), _within(user_id, self.forgotten_user_ids)

    def catch_up(self) -> None:
        """Apply what was accepted and has become due."""
        now = self.clock()
        while self._later and self._later[0][0] <= now:
            self._later.popleft()[1]()
        for topic in self._topics:
            topic.catch_up(now)

    def later(self, delay: float, work: Callable[[], None]) -> None:
        """Do something in `delay` seconds, which is the same number for all; at once where it is 0."""
        if delay:
            self._later.append((self.clock() + delay, work))
        else:
            work()

    def commit(self) -> None:
        """Write what has changed since the last commit, where there is a data folder."""
        shelves = self._shelves()
        if self._journal:
            changes, values = [change for shelf in shelves if (change := shelf.unwritten())], self._values()
            fresh = {name: value for name, value in values.items() if self._written.get(name, _NOTHING) != value}
            if changes or fresh:
                self._journal.write(changes, fresh)
                self._written = values
        for shelf in shelves:
            shelf.written()

    def reset(self) -> None:
        """As a project that was made a moment ago."""
        if self._journal:
            self._journal.clear()
        self._begin(None)
        self.commit()

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    def _begin(self, journal: Journal | None) -> None:
        self._empty()
        if journal:
            self._load(journal)
        self._seed()

    def _empty(self) -> None:
        behaviour = self.options.behaviour
        self._users: Shelf[Profile] = Shelf("users")
        self.emails = Index()
        self.user_ids = Index()
        self.fields = FieldTypes(behaviour.project_id, behaviour.field_limit)
        self.forgotten_emails = set()
        self.forgotten_user_ids = set()
        self.requests = RequestLog()
        self.limits = Limits()
        self.faults = Faults(self.options.faults, self.options.seed)
        self.lists = Lists()
        self.events = Events(behaviour.project_id, behaviour.event_field_limit)
        self.catalogs = Catalogs()
        self.jobs = Jobs()
        self._topics = (self.lists, self.events, self.catalogs, self.jobs)
        self._written = {}
        self._later: deque[tuple[float, Callable[[], None]]] = deque()
        self.begun = object()

    def _seed(self) -> None:
        self.lists.seed(self.options.dynamic_lists, "Dynamic")
        self.lists.seed(self.options.lists, "Standard")
        self.catalogs.seed(self.options.catalogs)

    def _shelves(self) -> list[Shelf[Any]]:
        return [self._users, *(shelf for topic in self._topics for shelf in topic.shelves())]

    def _values(self) -> dict[str, object]:
        return {
            "project_type": self.options.project_type,
            "fields": self.fields.custom,
            "forgotten_emails": sorted(self.forgotten_emails),
            "forgotten_user_ids": sorted(self.forgotten_user_ids),
            "next_ids": {shelf.topic: shelf.next_id for shelf in self._shelves()},
            **{name: value for topic in self._topics for name, value in topic.values().items()},
        }

    def _load(self, journal: Journal) -> None:
        kept = journal.value("project_type")
        if kept not in {None, self.options.project_type}:
            journal.close()
            wanted = self.options.project_type
            raise SandboxError(f"{self.options.data_dir} holds a project of type {kept}, which cannot become {wanted}")
        self._load_users(journal)
        for topic in self._topics:
            topic.load(journal)
        # Folders of the first version counted users alone.
        next_ids = journal.value("next_ids") or {"users": journal.value("next_id") or 1}
        for shelf in self._shelves():
            shelf.next_id = max(shelf.next_id, cast("dict[str, int]", next_ids).get(shelf.topic, 1))

    def _load_users(self, journal: Journal) -> None:
        self._users.load(journal.documents("users"), from_document)
        for profile in self._users:
            self.emails.add(profile.email, profile)
            self.user_ids.add(profile.user_id, profile)
        self.fields.types.update(cast("dict[str, str]", journal.value("fields") or {}))
        self.forgotten_emails.update(cast("list[str]", journal.value("forgotten_emails") or []))
        self.forgotten_user_ids.update(cast("list[str]", journal.value("forgotten_user_ids") or []))


def _within(identifier: str | None, forgotten: set[str]) -> bool:
    return bool(forgotten) and identifier is not None and forgotten_hash(identifier) in forgotten
