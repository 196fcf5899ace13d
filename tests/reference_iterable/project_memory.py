"""The state of the server: plain dicts and lists that a test can read and change."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.reference_iterable.rules.fields import FieldTypes

EMAIL, USER_ID, HYBRID = "email", "user_id", "hybrid"
# What the reference leaves open has a setting here, with the reference's choice for a server as its default.
CHANNELS = (
    {"id": 101, "name": "Marketing Channel", "channelType": "Marketing", "messageMedium": "Email"},
    {"id": 102, "name": "Transactional Channel", "channelType": "Transactional", "messageMedium": "Email"},
    {"id": 103, "name": "Push Marketing Channel", "channelType": "Marketing", "messageMedium": "Push"},
)
MESSAGE_TYPES = tuple(
    {"id": id_, "name": name, "channelId": channel, "createdAt": 0, "updatedAt": 0, "subscriptionPolicy": policy}
    for id_, name, channel, policy in (
        (201, "Newsletter", 101, "OptOut"),
        (202, "Receipts", 102, "OptOut"),
        (203, "Promotions", 101, "OptOut"),
        (204, "Product Updates", 101, "OptIn"),
        (205, "Push Announcements", 103, "OptOut"),
    )
)
SUBSCRIPTIONS = ("unsubscribedChannelIds", "unsubscribedMessageTypeIds", "subscribedMessageTypeIds")


@dataclass
class Settings:
    """The project and what the API description leaves open. `batch_limit`: items of a bulk request, None: no limit.

    `flat_reads`: reads of catalogs come without the envelope. `catalog_status`: of writes to catalog items.
    `export_bytes`: largest file of an export, `export_page`: files of one reply, `export_states`: what a job reports
    before it is completed.
    """

    project_type: str = EMAIL
    create_new_fields: bool = True
    opt_in: bool = False
    field_limit: int = 1000
    event_field_limit: int = 8000
    batch_limit: int | None = None
    flat_reads: bool = False
    catalog_status: int = 200
    export_bytes: int = 10_000_000
    export_page: int = 100
    export_states: list[str] = field(default_factory=list)
    disallowed_events: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=lambda: {"sandbox-story"})


@dataclass(eq=False)
class User:
    """A profile. `data` are its fields, the cart among them; `subscriptions` the three arrays, once they were set."""

    email: str | None
    user_id: str | None
    data: dict[str, Any] = field(default_factory=dict)
    subscriptions: dict[str, list[int]] = field(default_factory=dict)
    in_lists: bool = False

    @property
    def name(self) -> str:
        """The user's e-mail, or the user id if there is no e-mail."""
        return self.email or self.user_id or ""


@dataclass
class Event:
    user: User
    name: str
    created_at: int
    data: dict[str, Any]
    campaign_id: int | None = None
    template_id: int | None = None


@dataclass
class UserList:
    id: int
    name: str
    kind: str = "Standard"
    description: str | None = None
    members: list[User] = field(default_factory=list)


@dataclass
class Catalog:
    id: int
    name: str
    types: dict[str, str] = field(default_factory=dict)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    modified: dict[str, int] = field(default_factory=dict)


@dataclass
class ExportJob:
    id: int
    state: str
    files: dict[str, bytes]
    truncated: bool = False


class Memory:
    """All state of the project. `applied` are the accepted rows in order: their names and data."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.clock = clock
        self.url = ""
        self.channels: list[Mapping[str, Any]] = list(CHANNELS)
        self.message_types: list[Mapping[str, Any]] = list(MESSAGE_TYPES)
        self.clear()

    def clear(self) -> None:
        """Delete everything except settings, channels and message types."""
        self.profiles: list[User] = []
        self.events: dict[str, Event] = {}
        self.purchases: dict[str, dict[str, Any]] = {}
        self.catalogs: dict[str, Catalog] = {}
        self.lists: dict[int, UserList] = {}
        self.export_jobs: dict[int, ExportJob] = {}
        self.forgotten_emails: set[str] = set()
        self.forgotten_user_ids: set[str] = set()
        self.applied: list[tuple[str, Any]] = []
        self.deleted: list[str] = []
        self.merged: list[tuple[str, str]] = []
        self.journeys: list[Mapping[str, Any]] = []
        self.user_fields = FieldTypes(self.settings.field_limit)
        self.event_fields = FieldTypes(self.settings.event_field_limit)
        self._numbers = itertools.count(101)

    @property
    def users(self) -> dict[str, dict[str, Any]]:
        """Return fields by e-mail, or by user id if there is no e-mail. The inner dicts are the stored ones."""
        return {user.name: user.data for user in self.profiles}

    @property
    def carts(self) -> dict[str, list[Any]]:
        return {user.name: user.data["shoppingCartItems"] for user in self.profiles if "shoppingCartItems" in user.data}

    @property
    def subscriptions(self) -> dict[str, dict[str, list[int]]]:
        """Return the three arrays and the lists of each user who has any."""
        return {
            user.name: {"emailListIds": sorted(self.list_ids(user)), **user.subscriptions}
            for user in self.profiles
            if user.subscriptions or user.in_lists
        }

    def next_number(self) -> int:
        """Return a new id."""
        return next(self._numbers)

    def find_by_email(self, email: str) -> User | None:
        return next(self._where(lambda user: user.email == email.lower()), None)

    def find_by_user_id(self, user_id: str) -> User | None:
        """Return the first profile with this user id. An e-mail project can have several (5.3)."""
        return next(self._where(lambda user: user.user_id == user_id), None)

    def find_all_by_user_id(self, user_id: str) -> list[User]:
        return list(self._where(lambda user: user.user_id == user_id))

    def _where(self, fits: Callable[[User], bool]) -> Iterator[User]:
        return (user for user in self.profiles if fits(user))

    def add(self, email: str | None, user_id: str | None) -> User:
        user = User(email.lower() if email else None, user_id)
        self.profiles.append(user)
        return user

    def remove(self, user: User) -> None:
        """Remove a profile and its memberships."""
        self.profiles.remove(user)
        for one in self.lists.values():
            if user in one.members:
                one.members.remove(user)

    def list_ids(self, user: User) -> list[int]:
        return [one.id for one in self.lists.values() if user in one.members]

    def find_list(self, name: str) -> UserList | None:
        return next((one for one in self.lists.values() if one.name == name), None)

    def add_list(self, name: str, description: str | None = None, kind: str = "Standard") -> UserList:
        made = UserList(self.next_number(), name, kind, description)
        self.lists[made.id] = made
        return made

    def set_lists(self, user: User, list_ids: Iterable[int]) -> None:
        """Make the user a member of exactly these lists."""
        wanted = set(list_ids)
        for one in self.lists.values():
            if one.id in wanted and user not in one.members:
                one.members.append(user)
            elif one.id not in wanted and user in one.members:
                one.members.remove(user)
        user.in_lists = True

    def catalog(self, name: str) -> Catalog | None:
        """Return a catalog. Upper and lower case are the same (11.1)."""
        return self.catalogs.get(name.lower())
