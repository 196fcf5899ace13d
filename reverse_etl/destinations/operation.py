"""What a destination does with rows: their JSON, the requests that hold them, and what the replies say of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from reverse_etl.change import Change, Outcome, Problem, Status
from reverse_etl.destinations.request import Endpoint, Reply, Request
from reverse_etl.settings import LARGEST_BATCH

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Row:
    """One row to be sent: its identity, its data by field, and what keys of the definition took from it.

    `key` is which identifier the identity is, such as `email`.

    `removed`: it left the model, so there is nothing but its identity; `data` then clears what it held.
    """

    identity: str
    data: Mapping[str, object] = field(default_factory=dict)
    key_values: Mapping[str, object] = field(default_factory=dict)
    key: str = ""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Unsendable:
    """Takes the place of a value that cannot be sent; `reason` does not hold the value."""

    reason: str


class ColumnEncoder(Protocol):
    """Turns a column into JSON-ready values, one a row; `Unsendable` for a value that cannot be sent."""

    def __call__(self, column: pa.Array, cast: str, *, as_json: bool = False) -> list[Any]:
        """`cast` is the destination's type that the values must fit, or empty. `as_json`: the column holds JSON."""


# The JSON of one row. Raises UnfitRow where there is none.
Body = Callable[[Row], Mapping[str, object]]


class UnfitRow(Exception):
    """A row that cannot be sent as it is; `reason` names fields and never values."""

    def __init__(self, code: str, reason: str, status: Status = Status.INVALID) -> None:
        """`code` is kebab-case; `status` is how the row ends."""
        super().__init__(reason)
        self.code, self.reason, self.status = code, reason, status


class Clarity(Enum):
    """How much a successful reply says about its rows."""

    CERTAIN = "certain"
    UNATTRIBUTED = "unattributed"  # some row failed, and it is unknown which one
    MALFORMED = "malformed"


@dataclass(frozen=True)
class BatchResult:
    """What a 2xx reply says of its rows: `refused` by ordinal. The other rows are accepted if `clarity` is CERTAIN."""

    clarity: Clarity
    refused: Mapping[int, Outcome] = field(default_factory=dict)
    dropped_fields: tuple[str, ...] = ()
    created_fields: tuple[str, ...] = ()


class Operation(ABC):
    """One way of sending changes: data, and the two pure functions `build` and `read`.

    `max_row_bytes` bounds the JSON of one row. `window` is how many rows may be sent before the last acknowledgement
    is saved, if the warehouse is fast. `effect` ends a sentence that says what sending a removed row does.
    `just_created`: what the rows belong to was created by this run, so a fatal problem may pass soon.
    `unbars_identities`: after a row is accepted, the destination takes rows of its identity again.
    """

    endpoint: Endpoint
    max_rows: int = LARGEST_BATCH
    max_bytes: int = 4_000_000
    max_row_bytes: int = 4_000_000
    overhead: int = 0
    window: int = 50_000
    effect: str = ""
    just_created: bool = False
    unbars_identities: bool = False

    @abstractmethod
    def build(self, changes: Sequence[Change]) -> Request:
        """Return the request for these changes; equal for equal changes."""

    @abstractmethod
    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        """Return what a 2xx reply says of each of these changes."""

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        """The outcome of the only row of a request that got a 4xx reply. None: it is rejected with the reply's code."""
        del change, reply
        return None

    def find_fatal_problem(self, reply: Reply) -> Problem | None:
        """Return why no request of this operation can work, if a reply says that, and nothing was applied."""
        del reply
        return None


class Send(Enum):
    """The answer of a lookup that lets a row be sent."""

    SEND = "send"


# What a lookup found: send the row, the row's outcome, or the next request. None: the reply does not answer.
Answer = Send | Outcome | Request | None


class Lookup(ABC):
    """Requests that ask about each row before it is sent, such as whether its user exists.

    `settles`: asked again, it shows whether an attempt without a reply was applied to a row that was then refused.
    """

    endpoint: Endpoint
    settles: bool = False

    @abstractmethod
    def build(self, change: Change) -> Request:
        """Return the first request for one row."""

    @abstractmethod
    def read(self, change: Change, request: Request, reply: Reply) -> Answer:
        """Return what the reply to a request says of the row."""


@dataclass(frozen=True)
class Operations:
    """How the changes of one sync are sent: added and changed rows by `write`, removed ones by `remove`."""

    write: Operation
    remove: Operation | None = None
    lookup: Lookup | None = None
