"""What operations return: one entry for each sync, and what was wrong with the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from reverse_etl.change import Problem, RunResult, SyncStatus
from reverse_etl.errors import ConfigError, ReverseEtlError
from reverse_etl.report.stored_states import ListedState
from reverse_etl.report.sync_states import SyncState
from reverse_etl.run.maintenance.migrate_state import MoveResult
from reverse_etl.snapshot.held_rows import Rejection
from reverse_etl.snapshot.run_history import RunRow

_Item = TypeVar("_Item")
UNSUCCESSFUL = (SyncStatus.ERROR, SyncStatus.STOPPED, SyncStatus.SKIPPED)
"""How the run of a sync ends when something is wrong with the sync as a whole."""


class Results(list[_Item]):
    """One entry for each sync that the operation worked on.

    `errors` is what was wrong with the other syncs. `is_partial`: at least one sync could be worked on.
    """

    def __init__(self, errors: Sequence[ReverseEtlError] = ()) -> None:
        """`errors` are what is wrong with some syncs; the others can be worked on."""
        super().__init__()
        self.errors = list(errors)
        self.is_partial = bool(errors)

    def attempt(self, work: Callable[[], _Item], otherwise: Callable[[ReverseEtlError], _Item] | None = None) -> None:
        """Add what the work for one sync returns, or `otherwise` if it fails: an error does not stop the others."""
        try:
            self.append(work())
        except ReverseEtlError as error:
            self.errors.append(error)
            if otherwise is not None:
                self.append(otherwise(error))
        else:
            self.is_partial = True


class RunResults(list[RunResult]):
    """The results of one `run`, in the order in which the syncs ended.

    `invocation_id` is also in the result file and in the table `sync_runs`. `file` is the content of the result file;
    `file_error` says why it could not be written. `problems` are faults of reverse-etl itself. `interrupted`: `stop`
    asked the run to end.
    """

    def __init__(self, results: Sequence[RunResult], invocation_id: str) -> None:
        """Nothing went wrong so far."""
        super().__init__(results)
        self.invocation_id = invocation_id
        self.problems: tuple[Problem, ...] = ()
        self.file: Mapping[str, object] = {}
        self.file_error: ConfigError | None = None
        self.interrupted = False

    @property
    def succeeded(self) -> bool:
        """Return whether each sync ended with `success` or `warn`, the run was not cut short, and its file exists."""
        ended_well = not any(result.status in UNSUCCESSFUL for result in self)
        return ended_well and not self.interrupted and not self.problems and self.file_error is None


class ProjectStatus(Results[SyncState]):
    """How each selected sync stands.

    `orphans` is what is stored of syncs that this dbt project sent and defines no more. It is empty if only some
    syncs are selected.
    """

    orphans: Sequence[ListedState] = ()


@dataclass(frozen=True)
class PastRun:
    """One run of a sync as the history has it."""

    sync: str
    run: RunRow


class History(list[PastRun]):
    """Past runs by sync, the newest first. `syncs` names the syncs that were asked about."""

    syncs: Sequence[str] = ()


@dataclass(frozen=True)
class HeldRow:
    """One row of a sync that was not accepted. `rejection` holds personal data: its `identity`, and the `reason`."""

    sync: str
    rejection: Rejection


@dataclass(frozen=True)
class RequeuedRows:
    """How many held rows of a sync the next run sends again."""

    sync: str
    rows: int


@dataclass(frozen=True)
class AcceptedDestination:
    """What was done for a sync, in a sentence."""

    sync: str
    message: str


@dataclass(frozen=True)
class DeletedState:
    """How many entries of a sync snapshot were deleted or forgotten."""

    sync: str
    entries: int


@dataclass(frozen=True)
class MigratedState:
    """Where the state of a sync went, in words, and how much of it; `moved` is None if there was nothing to move."""

    sync: str
    place: str
    moved: MoveResult | None = field(default=None)
