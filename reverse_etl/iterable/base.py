"""The values that pass between an object of Iterable and those who send for it: requests, replies, readings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Protocol

from reverse_etl.change import Change, Outcome
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, Sync


class ProjectType(str, Enum):
    """What identifies a user in a project; fixed when the project is made (support article 9216719179796)."""

    EMAIL = "email"
    USER_ID = "user_id"
    HYBRID = "hybrid"


# The JSON of one row from its identity and its data.
Body = Callable[[str, Mapping[str, object]], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and path template of the API with its documented limits: requests a second, and in 24 hours if any."""

    method: str
    path: str
    per_second: float
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `path` is complete and percent-encoded; `body` is JSON or empty."""

    endpoint: Endpoint
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `status` is 0 where nothing did; then `sent` says whether Iterable may have got the request.

    `body` is the parsed JSON, or None where it was none; `text` is then the beginning of it, if it was plain text.
    `wait` is the seconds that Iterable asked to wait, if it did.
    """

    status: int
    body: object = None
    wait: float | None = None
    request_id: str = ""
    text: str = ""
    sent: bool = True
    error: str = ""

    @property
    def code(self) -> str:
        """The vendor's code, or nothing. On a 4xx it can be `Success`: the status decides."""
        found = self.body.get("code") if isinstance(self.body, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def params(self) -> Mapping[str, object]:
        found = self.body.get("params") if isinstance(self.body, dict) else None
        return found if isinstance(found, dict) else {}


class Client(Protocol):
    """Whoever carries a request to Iterable and brings the reply; never raises for what happens on the way."""

    def send(self, request: Request) -> Reply: ...

    def close(self) -> None: ...


class Sense(Enum):
    """How much a reply of success says."""

    CERTAIN = "certain"
    UNATTRIBUTED = "unattributed"  # some row failed, and which one cannot be told
    MALFORMED = "malformed"


@dataclass(frozen=True)
class Reading:
    """What a 2xx reply says of its rows: `refused` by ordinal; every other row is accepted if the sense is certain."""

    sense: Sense
    refused: Mapping[int, Outcome] = field(default_factory=dict)
    dropped_fields: tuple[str, ...] = ()


class Operation(ABC):
    """One way of sending changes: data, and the two pure functions `build` and `read`."""

    endpoint: Endpoint
    max_rows: int = 1000
    max_bytes: int = 4_000_000
    overhead: int = 0

    @abstractmethod
    def build(self, changes: Sequence[Change]) -> Request:
        """The request for these changes; equal for equal changes."""

    @abstractmethod
    def read(self, changes: Sequence[Change], reply: Reply) -> Reading:
        """What a 2xx reply says of each of these changes."""

    def refused_alone(self, change: Change, reply: Reply) -> Outcome | None:
        """What a 4xx reply to a request of one row means for it; None: the row is rejected with the reply's code."""
        del change, reply
        return None


class Lookup(ABC):
    """A question asked of each row before it is sent: whether Iterable has this user."""

    endpoint: Endpoint

    @abstractmethod
    def build(self, change: Change) -> Request:
        """The question for one row."""

    @abstractmethod
    def found(self, reply: Reply) -> bool | None:
        """Yes, no, or None where the reply says neither."""


@dataclass(frozen=True)
class Operations:
    """How the changes of one sync are sent: added and changed rows by `write`, removed ones by `remove`."""

    write: Operation
    remove: Operation | None = None
    lookup: Lookup | None = None


@dataclass(frozen=True)
class TypeClash:
    """A field whose values Iterable would refuse, since it has another type for good."""

    field: str
    ours: str
    theirs: str


class Stage(IntEnum):
    """When in a run the syncs of an object have their turn: what others refer to goes before them, deletions last."""

    CATALOGS = 1
    IDENTITY = 2  # e-mail changes, merges
    PROFILES = 3  # users
    MEMBERSHIPS = 4  # lists, subscriptions: of users that are there
    ACTIVITY = 5  # events, purchases, carts
    DELETIONS = 6


class IterableObject(ABC):
    """A noun of Iterable: which definitions it takes and how its rows are sent."""

    name: str
    stage: Stage

    @abstractmethod
    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        """What in a definition cannot work in a project of this type."""

    @abstractmethod
    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        """Which column identifies a row, and how."""

    @abstractmethod
    def extra_fields(self, sync: Sync, project: ProjectType) -> tuple[Field, ...]:
        """Fields that the definition's own keys stand for, beside `fields`."""

    @abstractmethod
    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        """How its changes are sent."""

    @abstractmethod
    def body(self, sync: Sync, project: ProjectType) -> Body:
        """What puts a row's identity and data together."""
