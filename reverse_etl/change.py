"""The values that a run passes on: Change, Outcome, Counts, RunResult; knows neither SQL nor HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import NamedTuple

from reverse_etl.cost import StatementCost

# The code of a row about a user whom the destination was asked to forget. Such a row is no fault of the model.
FORGOTTEN_USER = "forgotten-user"


class Kind(str, Enum):
    """How a row differs from the sync snapshot."""

    ADDED = "added"
    CHANGED = "changed"
    RESENT = "resent"
    REMOVED = "removed"


class Status(str, Enum):
    """The outcome of one planned row."""

    ACCEPTED = "accepted"
    ADOPTED = "adopted"  # not sent: a baseline took it as already accepted
    SKIPPED = "skipped"
    REJECTED = "rejected"
    INVALID = "invalid"
    FAILED = "failed"
    ABORTED = "aborted"


def unchanged_sentence(since: str) -> str:
    """Return the end of a sentence about a sync that did not compare. `since` is UTC text."""
    return f"not compared: the model has not changed since {since.partition('.')[0]} UTC"


class SyncStatus(str, Enum):
    """How the run of one sync ended."""

    SUCCESS = "success"
    WARN = "warn"
    ERROR = "error"
    STOPPED = "stopped"
    SKIPPED = "skipped"


class Change(NamedTuple):
    """One planned row, ready to send: `body` is its JSON, or empty if the request needs only the identity.

    `user` is the user that the row is about; empty if no other row can be about the same user. `key` names the
    identifier in `identity`, such as `email`. `fields_sent` are in the body; `fields_spared` did not change, and stay
    out.
    """

    ordinal: int
    kind: Kind
    identity: str
    body: bytes
    user: str = ""
    key: str = ""
    fields_sent: int = 0
    fields_spared: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """What the destination answered to the request that a row was in. `status` is 0 if no response came.

    `message` then says why. It holds no values of the row.
    """

    status: int
    code: str = ""
    message: str = ""
    request_id: str = ""

    def __str__(self) -> str:
        said = f"status {self.status}" if self.status else "no response"
        parts = (
            said,
            self.code,
            f'"{self.message}"' if self.message else "",
            self.request_id and f"request {self.request_id}",
        )
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class PastFailure:
    """How a row failed before: its last failed request had `rows` rows; in `alone` runs it was the only row."""

    rows: int
    alone: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one change. `maybe_applied`: an earlier attempt may have been applied, even if a later one failed.

    - `response` is the last response of the destination.
    - `bars_identity`: the destination accepts no more rows with this identity.
    - `rows` is the number of rows in the request that failed.
    - `alone`: the failure is about this row and no other.
    - `recheck`: the row may be accepted later.
    """

    ordinal: int
    status: Status
    code: str = ""
    reason: str = ""
    maybe_applied: bool = False
    response: Response | None = None
    bars_identity: bool = False
    rows: int = 0
    alone: bool = False
    recheck: bool = False


@dataclass(frozen=True)
class Counts:
    """Rows of one run. accepted + adopted + skipped + rejected + invalid + failed + aborted = planned.

    `resent` rows are sent although nothing differs: `--full-refresh`, or the state of the destination is unknown.
    """

    added: int = 0
    changed: int = 0
    resent: int = 0
    removed: int = 0
    unchanged: int = 0
    accepted: int = 0
    adopted: int = 0
    skipped: int = 0
    rejected: int = 0
    invalid: int = 0
    failed: int = 0
    aborted: int = 0
    quarantined: int = 0
    identity_changes: int = 0
    planned: int = 0

    def as_dict(self) -> dict[str, int]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def add_up(self) -> bool:
        """Return whether every planned row has exactly one outcome."""
        return self.planned == (
            self.accepted + self.adopted + self.skipped + self.rejected + self.invalid + self.failed + self.aborted
        )


@dataclass(frozen=True)
class Problem:
    """Why a sync failed: the parts of an error, as plain values."""

    code: str
    message: str
    hint: str
    context: Mapping[str, object]

    def naming(self, sync: str) -> Problem:
        """Return the same problem with a message that names the sync."""
        name = f"sync `{sync}`"
        return self if name in self.message else replace(self, message=f"{name}: {self.message}")


@dataclass(frozen=True)
class Sample:
    """One kind of refusal, with its number of rows and examples of responses; without personal data."""

    status: str
    code: str
    reason: str
    rows: int
    responses: tuple[Response, ...] = ()


@dataclass(frozen=True)
class Traffic:
    """What one run of a sync sent over the network.

    `fields_sent` counts the fields of rows that were added or changed, `fields_spared` the fields of these rows that
    did not change, and were not sent.
    """

    requests: int = 0
    retries: int = 0
    bytes_sent: int = 0
    fields_sent: int = 0
    fields_spared: int = 0


@dataclass(frozen=True)
class BaselineReport:
    """What a baseline found. `left` rows differ and are sent by the next run. With `until`, later rows are left, too.

    The other counts are None if the destination was not read: rows that are `equal` or `different` there (with the
    fields that differ), `missing` there, or `only_there`.
    """

    method: str
    until: str = ""
    left: int = 0
    equal: int | None = None
    different: int | None = None
    missing: int | None = None
    only_there: int | None = None
    different_fields: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ComparisonReport:
    """Which rows of an incremental sync were compared. `kind` is `quick` or `full`; `reason` says why it was full.

    `rows` of the model were compared, and `left_out` were not. A quick comparison looked at rows with `column` from
    `since` on, or without a value there. The next full comparison is due in `due_in` seconds, if this run is complete.
    """

    kind: str
    column: str
    rows: int
    left_out: int = 0
    since: str = ""
    reason: str = ""
    due_in: float = 0.0


@dataclass(frozen=True)
class RunResult:
    """How the run of one sync ended.

    `left` are aborted rows that wait for the next run, because `ended_by` ended this one: `limit`, `max_rows_per_run`,
    `max_requests` or `max_runtime`. `timings` are seconds by stage, `sending` by part of sending. `created_fields` are
    new in the destination and stay there. `spent` is by kind of statement, and `dollars` are the price of the
    bytes that were billed. `baseline` is what a baseline found; None if the run sent rows.
    `unknown_keys` are keys after `--only` that no row has. `not_compared_since`: the model has not changed since that
    time (UTC text), so it was not compared, and counts of its rows are not known.
    `comparison` says which rows were compared, if the sync is incremental.
    """

    sync: str
    model: str
    relation: str
    destination: str
    status: SyncStatus
    counts: Counts = field(default_factory=Counts)
    traffic: Traffic = field(default_factory=Traffic)
    timings: Mapping[str, float] = field(default_factory=dict)
    sending: Mapping[str, float] = field(default_factory=dict)
    changed_fields: Mapping[str, int] = field(default_factory=dict)
    created_fields: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()
    warnings: tuple[str, ...] = ()
    unknown_keys: tuple[str, ...] = ()
    left: int = 0
    ended_by: str = ""
    problem: Problem | None = None
    started_at: str = ""
    execution_time: float = 0.0
    spent: tuple[StatementCost, ...] = ()
    dollars: float | None = None
    baseline: BaselineReport | None = None
    target: str = ""
    database: str = ""
    not_compared_since: str = ""
    comparison: ComparisonReport | None = None
