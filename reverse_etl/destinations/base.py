"""The values that pass between an object of Iterable and those who send for it: requests, replies, readings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from reverse_etl.change import Change, Outcome, Problem, Status

if TYPE_CHECKING:
    from reverse_etl.destinations.lookups import Lookup


@dataclass(frozen=True, slots=True)
class Row:
    """One row to be sent: its identity, its data by field, and what keys of the definition took from it.

    `key` is which identifier the identity is, such as `email`.

    `removed`: it left the model, so there is nothing but its identity; `data` then clears what it held.
    """

    identity: str
    data: Mapping[str, object] = field(default_factory=dict)
    own: Mapping[str, object] = field(default_factory=dict)
    key: str = ""
    removed: bool = False


# The JSON of one row. Raises UnfitRow where there is none.
Body = Callable[[Row], Mapping[str, object]]


class UnfitRow(Exception):
    """A row that cannot be sent as it is; `reason` names fields and never values."""

    def __init__(self, code: str, reason: str, status: Status = Status.INVALID) -> None:
        """`code` is kebab-case; `status` is how the row ends."""
        super().__init__(reason)
        self.code, self.reason, self.status = code, reason, status


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and path template of the API with its documented limits: requests a second, and in 24 hours if any.

    `setting` names the setting that changes the rate of this endpoint alone.
    """

    method: str
    path: str
    per_second: float
    per_day: int | None = None
    setting: str = ""


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
    `wait` is the seconds that Iterable asked to wait, if it did. `untrusted`: its certificate did not prove who it is.
    """

    status: int
    body: object = None
    wait: float | None = None
    request_id: str = ""
    text: str = ""
    sent: bool = True
    error: str = ""
    untrusted: bool = False

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
    created_fields: tuple[str, ...] = ()


class Operation(ABC):
    """One way of sending changes: data, and the two pure functions `build` and `read`.

    `max_row_bytes` bounds one row's JSON, `window` the rows sent ahead of the last durable acknowledgement,
    where the warehouse is quick.
    `effect` says in a sentence's end what sending a removed row does. `patient`: what looks hopeless may pass soon.
    `readmits`: an accepted row lets the destination take its identity again, after it had refused that for good.
    """

    endpoint: Endpoint
    max_rows: int = 1000
    max_bytes: int = 4_000_000
    max_row_bytes: int = 4_000_000
    overhead: int = 0
    window: int = 50_000
    effect: str = ""
    patient: bool = False
    readmits: bool = False

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

    def hopeless(self, reply: Reply) -> Problem | None:
        """Why no request of this operation can work, where a reply says so, with which nothing was applied."""
        del reply
        return None


@dataclass(frozen=True)
class Operations:
    """How the changes of one sync are sent: added and changed rows by `write`, removed ones by `remove`."""

    write: Operation
    remove: Operation | None = None
    lookup: Lookup | None = None


class Asker(Protocol):
    """Whoever asks Iterable something beside the rows: every question is tried again while failures may pass."""

    def ask(self, request: Request, *, once: bool = False, settled: Callable[[Reply], bool] = ...) -> Reply:
        """A reply that is no passing failure. Raises DestinationError where the key or the network fails.

        `once`: what would be made twice is not asked for again where it may have been made; any reply comes back then.
        `settled`: whether a reply can stand, where what it is about was just made; if not, it is asked for again.
        """
