"""The state of one Iterable project: its users, and a store for each other part."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from reverse_etl.sandbox.options import SandboxError, SandboxOptions
from reverse_etl.sandbox.rules.faults import FaultSwitches
from reverse_etl.sandbox.rules.fields import FieldTypes
from reverse_etl.sandbox.rules.identity import IDENTITY_RULES, hash_identifier
from reverse_etl.sandbox.rules.journeys import Occurrence
from reverse_etl.sandbox.rules.rate_limits import RateLimits
from reverse_etl.sandbox.state.catalogs import Catalogs
from reverse_etl.sandbox.state.events import Event, Events
from reverse_etl.sandbox.state.export_jobs import ExportJobs
from reverse_etl.sandbox.state.journal import Journal
from reverse_etl.sandbox.state.journeys import Journeys
from reverse_etl.sandbox.state.lists import Lists, UserList
from reverse_etl.sandbox.state.profile import Profile, parse_profile
from reverse_etl.sandbox.state.request_log import RequestLog
from reverse_etl.sandbox.state.store import Store
from reverse_etl.sandbox.state.table import Table
from reverse_etl.sandbox.state.user_index import UserIndex

Clock = Callable[[], float]
_MISSING: Final = object()


class Project:
    """All state of a sandbox. Change users only through its methods, which keep the indexes and the journal correct.

    Raises SandboxError if the data folder cannot be used, or holds a project of another type.
    """

    forgotten_emails: set[str]
    """Hashes, like `forgotten_user_ids`."""
    forgotten_user_ids: set[str]
    requests: RequestLog
    generation: object
    """A new object after each reset."""
    _stores: tuple[Store, ...]
    _written_values: dict[str, object]

    def __init__(self, options: SandboxOptions, clock: Clock | None = None) -> None:
        self.options = options
        self.identity_rules = IDENTITY_RULES[options.project_type]
        self.clock: Clock = clock or time.time
        self._journal = Journal(options.data_dir) if options.data_dir else None
        self._initialize(self._journal)
        self.commit()

    def copy_initial(self, clock: Clock) -> Project:
        """Return another project, in memory only, with the state that this one had at its start."""
        copy = Project(replace(self.options, data_dir=None), clock)
        if self._journal:
            copy._initialize(self._journal)
        return copy

    @property
    def users(self) -> dict[int, Profile]:
        """Return the users by the sandbox's own number, oldest first."""
        return self._users.records

    @property
    def next_id(self) -> int:
        """Return the number of the next user."""
        return self._users.next_id

    @property
    def users_by_email(self) -> dict[str, Profile]:
        """If several users share an e-mail, the oldest one."""
        return self.email_index.map_first()

    @property
    def users_by_user_id(self) -> dict[str, Profile]:
        """If several users share a userId, the oldest one."""
        return self.user_id_index.map_first()

    def add_user(self, email: str | None, user_id: str | None, data: dict[str, Any]) -> Profile:
        now = self.clock()
        profile = self._users.save(Profile(self.next_id, email, user_id, data, now, now))
        self.email_index.add(email, profile)
        self.user_id_index.add(user_id, profile)
        self.journeys.start(profile, Occurrence("new_user", cause="new user"), now)
        return profile

    def mark_updated(self, profile: Profile) -> None:
        """Set the time of the last update. The next `commit` writes the profile."""
        profile.updated = self.clock()
        self._users.save(profile)

    def set_identifiers(self, profile: Profile, email: str | None, user_id: str | None) -> None:
        if profile.email != email:
            self.email_index.remove(profile.email, profile)
            profile.email = email
            self.email_index.add(email, profile)
        if profile.user_id != user_id:
            self.user_id_index.remove(profile.user_id, profile)
            profile.user_id = user_id
            self.user_id_index.add(user_id, profile)

    def remove_users(self, profiles: Iterable[Profile]) -> None:
        for profile in profiles:
            for store in self._stores:
                store.remove_user(profile)
            self.email_index.remove(profile.email, profile)
            self.user_id_index.remove(profile.user_id, profile)
            self._users.remove(profile)

    def transfer_user(self, source: Profile, destination: Profile) -> None:
        """Give the events and memberships of one user to another, because they are merged."""
        for store in self._stores:
            store.transfer_user(source, destination)

    def format_user(self, profile: Profile) -> dict[str, Any]:
        """Return the user as the API shows it."""
        user = profile.to_api(self.identity_rules.list_field, self.lists.list_ids_of(profile))
        return {"email": "", **user} if self.options.behaviour.absent_email == "empty" else user

    def list_members(self, user_list: UserList) -> list[Profile]:
        """Return the users on a list, in the order of joining. Every user is on a Dynamic list."""
        if user_list.type == "Dynamic":
            return list(self.users.values())
        return [self.users[number] for number in self.lists.get_memberships(user_list.id)]

    def may_create_fields(self, body: Mapping[str, Any]) -> bool:
        """Return whether a request may create fields: its own `createNewFields`, else the project's setting."""
        requested = body.get("createNewFields")
        return self.options.create_new_fields if requested is None else requested is True

    def is_forgotten(self, email: str | None, user_id: str | None) -> tuple[bool, bool]:
        """Return whether the e-mail, and whether the userId, is forgotten."""
        return _is_in(email, self.forgotten_emails), _is_in(user_id, self.forgotten_user_ids)

    def apply_due(self) -> None:
        """Apply accepted writes that are due."""
        now = self.clock()
        while self._scheduled and self._scheduled[0][0] <= now:
            self._scheduled.popleft()[1]()
        for store in self._stores:
            store.apply_due(now)

    def schedule(self, delay: float, work: Callable[[], None]) -> None:
        """Do the work in `delay` seconds, at once if it is 0. All callers use the same delay."""
        if delay:
            self._scheduled.append((self.clock() + delay, work))
        else:
            work()

    def commit(self) -> None:
        """Write everything that changed since the last commit, if there is a data folder."""
        tables = self._list_tables()
        if self._journal:
            changes, values = [change for table in tables if (change := table.list_changes())], self._get_values()
            written = self._written_values
            new_values = {name: value for name, value in values.items() if written.get(name, _MISSING) != value}
            if changes or new_values:
                self._journal.write(changes, new_values)
                self._written_values = values
        for table in tables:
            table.clear_changes()

    def reset(self) -> None:
        """Delete everything, as in a new project."""
        if self._journal:
            self._journal.clear()
        self._initialize(None)
        self.commit()

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    def _initialize(self, journal: Journal | None) -> None:
        self._create_stores()
        if journal:
            self._load_journal(journal)
        self.lists.add_initial(self.options.dynamic_lists, "Dynamic")
        self.lists.add_initial(self.options.lists, "Standard")
        self.catalogs.add_initial(self.options.catalogs)

    def _create_stores(self) -> None:
        behaviour = self.options.behaviour
        self._users: Table[Profile] = Table("users")
        self.email_index = UserIndex()
        self.user_id_index = UserIndex()
        self.field_types = FieldTypes(behaviour.project_id, behaviour.field_limit)
        self.forgotten_emails = set()
        self.forgotten_user_ids = set()
        self.requests = RequestLog()
        self.rate_limits = RateLimits()
        self.faults = FaultSwitches(self.options.faults, self.options.seed)
        self.lists = Lists()
        self.journeys = Journeys(self.options.journeys)
        self.events = Events(behaviour.project_id, behaviour.event_field_limit, self._start_journeys)
        self.catalogs = Catalogs()
        self.export_jobs = ExportJobs()
        self._stores = (self.lists, self.events, self.catalogs, self.export_jobs, self.journeys)
        self._written_values = {}
        self._scheduled: deque[tuple[float, Callable[[], None]]] = deque()
        self.generation = object()

    def _start_journeys(self, event: Event) -> None:
        """Start the journeys of an event that was added or updated."""
        if not self.journeys.journeys:
            return
        purchase = event.type == "purchase"
        cause = "purchase" if purchase else f"event {event.name}"
        occurrence = Occurrence("purchase" if purchase else "event", (event.name,), f"{cause} with id {event.key}")
        self.journeys.start(self.users[event.user], occurrence, self.clock())

    def _list_tables(self) -> list[Table[Any]]:
        return [self._users, *(table for store in self._stores for table in store.list_tables())]

    def _get_values(self) -> dict[str, object]:
        return {
            "project_type": self.options.project_type,
            "fields": self.field_types.custom,
            "forgotten_emails": sorted(self.forgotten_emails),
            "forgotten_user_ids": sorted(self.forgotten_user_ids),
            "next_ids": {table.name: table.next_id for table in self._list_tables()},
            **{name: value for store in self._stores for name, value in store.get_values().items()},
        }

    def _load_journal(self, journal: Journal) -> None:
        stored = journal.read_value("project_type")
        if stored not in {None, self.options.project_type}:
            journal.close()
            wanted = self.options.project_type
            raise SandboxError(
                f"{self.options.data_dir} holds a project of type {stored}, which cannot become {wanted}"
            )
        self._load_users(journal)
        for store in self._stores:
            store.load_journal(journal)
        # Data folders of the first version count only users.
        next_ids = journal.read_value("next_ids") or {"users": journal.read_value("next_id") or 1}
        for table in self._list_tables():
            table.next_id = max(table.next_id, cast("dict[str, int]", next_ids).get(table.name, 1))

    def _load_users(self, journal: Journal) -> None:
        self._users.load_documents(journal.read_documents("users"), parse_profile)
        for profile in self._users:
            self.email_index.add(profile.email, profile)
            self.user_id_index.add(profile.user_id, profile)
        self.field_types.types.update(cast("dict[str, str]", journal.read_value("fields") or {}))
        self.forgotten_emails.update(cast("list[str]", journal.read_value("forgotten_emails") or []))
        self.forgotten_user_ids.update(cast("list[str]", journal.read_value("forgotten_user_ids") or []))


def _is_in(identifier: str | None, hashes: set[str]) -> bool:
    return bool(hashes) and identifier is not None and hash_identifier(identifier) in hashes
