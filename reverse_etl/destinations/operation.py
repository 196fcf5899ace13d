"""How a destination handles rows: their JSON, their requests, and what the replies say of each row."""

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
    """One row to send: its identity, its data by field, and the values of keys of the definition.

    `key` names the identifier in the identity, such as `email`.

    `removed`: the row left the model, so only its identity is known; `data` then clears its fields.
    `partial`: only the fields that changed are here.
    """

    identity: str
    data: Mapping[str, object] = field(default_factory=dict)
    key_values: Mapping[str, object] = field(default_factory=dict)
    key: str = ""
    removed: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Unsendable:
    """Replaces a value that cannot be sent. `reason` does not hold the value."""

    reason: str


class ColumnEncoder(Protocol):
    """Turns a column into JSON-ready values, one for each row; `Unsendable` for a value that cannot be sent."""

    def __call__(self, column: pa.Array, cast: str, *, as_json: bool = False) -> list[Any]:
        """`cast` is the destination's type that the values must fit, or empty. `as_json`: the column holds JSON."""


# The code of a row that carries nothing but its identifier. A partial row with this code needs no request.
NOTHING_TO_SEND = "nothing-to-send"

# Returns the JSON of one row. Raises UnfitRow if the row cannot be sent.
Body = Callable[[Row], Mapping[str, object]]


class UnfitRow(Exception):
    """A row that cannot be sent. `reason` names fields and never values."""

    def __init__(self, code: str, reason: str, status: Status = Status.INVALID) -> None:
        """`code` is kebab-case; `status` is the row's outcome."""
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
    """One way to send changes: settings, and the two pure functions `build` and `read`.

    - `max_row_bytes` limits the JSON of one row.
    - `window` is the number of rows that may be sent before their outcomes are saved, if the warehouse is fast.
    - `several_of_user`: a request may hold several rows of one user, in order. If not, they go in successive requests.
    - `effect` ends a sentence that says what sending a removed row does.
    - `just_created`: this run created the scope of the rows, so a fatal problem may be temporary.
    - `unbars_identities`: after a row is accepted, the destination accepts rows with its identity again.
    """

    endpoint: Endpoint
    max_rows: int = LARGEST_BATCH
    max_bytes: int = 4_000_000
    max_row_bytes: int = 4_000_000
    overhead: int = 0
    window: int = 50_000
    several_of_user: bool = False
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
        """Return the outcome of a single-row request with a 4xx reply. None: rejected with the reply's code."""
        del change, reply
        return None

    def find_fatal_problem(self, reply: Reply) -> Problem | None:
        """Return why no request of this operation can work, if a reply says that, and nothing was applied."""
        del reply
        return None


class Send(Enum):
    """The result of a lookup if the row can be sent."""

    SEND = "send"


# What a lookup found: send the row, the row's outcome, or the next request. None: the reply does not answer.
Answer = Send | Outcome | Request | None


class Lookup(ABC):
    """Requests that ask about each row before it is sent, such as whether its user exists.

    `settles`: a second lookup shows whether an attempt without a reply was applied before a refusal.
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
