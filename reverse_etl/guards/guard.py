"""Guard: a check that can stop a sync before it sends a row, and what each phase hands to its guards."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from reverse_etl.change import Problem
from reverse_etl.errors import ConfigError
from reverse_etl.guards.start.oldest_row import OldestRow
from reverse_etl.guards.value.drift import Drift
from reverse_etl.sync import Field, Sync

_Context = TypeVar("_Context")


class Phase(Enum):
    """When a guard is checked."""

    MANIFEST = "manifest"  # once per command; a problem ends the command with exit code 2
    DEFINITION = "definition"  # once per field of a definition; a problem is a fault of the definition
    BUILD = "build"  # once per sync, before its model is read; a problem skips the sync
    SEND = "send"  # once per sync, before its first row is sent; a problem stops the sync
    CANARY = "canary"  # once per sync, after the first rows of a large plan; a problem ends the sync


@dataclass(frozen=True)
class Guard(Generic[_Context]):
    """One guard. `check` returns the problem that stops the sync, or None.

    `stops_when` completes the sentence "The guard stops a run if …". `key` is the type of the guard's key under
    `guards:` of a definition, and `default` its value; without a `key` no definition can turn the guard off.
    `can_be_allowed`: whether `--allow` accepts its name. `for_baseline`: a guard of phase SEND also stops a baseline,
    which sends nothing. `setting` is a key of the definition outside `guards:` that turns the guard off.
    """

    name: str
    phase: Phase
    stops_when: str
    check: Callable[[_Context], Problem | None]
    key: Any = None
    default: object = True
    can_be_allowed: bool = True
    for_baseline: bool = False
    setting: str = ""

    def is_off(self, sync: Sync, allowed: Collection[str] = ()) -> bool:
        """Return whether the command or the definition turns the guard off."""
        return self.name in allowed or sync.guards.get(self.name) is False


@dataclass(frozen=True)
class TargetMismatch:
    """Why a manifest cannot belong to the dbt target of a command.

    `targets` are the targets that it may belong to; `relation` is an example, None if there is none.
    """

    targets: tuple[str, ...]
    reason: str
    relation: str | None = None
    has_example: bool = False


class ManifestGuardContext(Protocol):
    """What is known of dbt's manifest. Each property is worked out when a guard asks for it."""

    @property
    def path(self) -> object:
        """Return where the manifest is."""

    @property
    def target(self) -> str:
        """Return the dbt target of the command."""

    @property
    def dbt_flags(self) -> str:
        """Return the flags that make dbt find the same project, as one types them."""

    @property
    def mismatch(self) -> TargetMismatch | None:
        """Return why the manifest belongs to another target; None if no difference is found."""

    @property
    def changed_definition(self) -> object | None:
        """Return a file with a definition that changed after dbt wrote the manifest; None if there is none."""


@dataclass(frozen=True)
class FieldGuardContext:
    """A field that comes from a column with a `mark`. `field` is None if the definition leaves out `fields`.

    `key` is the key of the definition that names the column, or would name it.
    """

    column: str
    mark: str
    key: str
    field: Field | None = None


@dataclass(frozen=True)
class BuildHold:
    """What speaks against sending a model, and what to do about it; both begin a sentence."""

    sentence: str
    remedy: str


@dataclass(frozen=True)
class BuildGuardContext:
    """What dbt's results say about the model of a sync. `hold` is None if nothing speaks against it."""

    sync: Sync
    hold: BuildHold | None


@dataclass(frozen=True)
class SendGuardContext:
    """What is known of a sync before it sends.

    `allowed_targets` are the dbt targets that may send to the destination; empty: all. `command_flags` are flags that
    a command needs to reach this destination. `before` and `now` say where rows went and where they would go.
    Counts are rows: of the model, of the sync snapshot, to be added, changed and removed now, held back as invalid or
    quarantined, and removed lately by earlier runs.
    `new_fields` are columns that no definition names and that the sync has never sent, `known_fields` the other ones.
    `rows_before` are rows of the model at the last run, `compared` those with an accepted row to compare with.
    `retyped_fields` are fields whose column has another type. Rows whose old value it cannot hold are `changed`.
    `renamed` rows came back under another identifier. `edited` rows changed only in `edited_fields`, which an edit of
    the mapping touched. `drifts` are fields whose values drifted beyond the limit of the guard `column_drift`.
    `is_first_run`: no row was accepted yet, or the first run left rows. `names_rows`: the command names the rows to
    send. `most_rows` is the number of rows that this run sends at most; None: any.
    `requests` and `seconds` are the least that sending takes, and `fields` the fields that each row may have.
    `is_comparable`: a baseline can read the rows that the destination holds.
    `is_log`: the rows are things that happened, so the model may hold only the newest of them.
    `allowed` are the guards that may not stop this run.
    `journey_rows` are rows that may enter the journeys of `journey_names`, once that is known; `journeys_unread` says
    why the journeys could not be read.
    `oldest_row` is known in a first run, if the rows are things that happened.
    `damage` is the end of a sentence about a broken sync snapshot; empty if it is sound.
    """

    sync: Sync
    destination: str = ""
    allowed_targets: tuple[str, ...] = ()
    command_flags: str = ""
    before: Mapping[str, object] = field(default_factory=dict)
    now: Mapping[str, object] = field(default_factory=dict)
    model_rows: int = 0
    entries: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    invalid: int = 0
    quarantined: int = 0
    removed_before: int = 0
    new_fields: tuple[str, ...] = ()
    known_fields: tuple[str, ...] = ()
    rows_before: int = 0
    compared: int = 0
    renamed: int = 0
    edited: int = 0
    edited_fields: tuple[str, ...] = ()
    retyped_fields: tuple[str, ...] = ()
    changed_fields: Mapping[str, int] = field(default_factory=dict)
    drifts: tuple[Drift, ...] = ()
    is_first_run: bool = False
    names_rows: bool = False
    most_rows: int | None = None
    requests: int = 0
    seconds: float = 0.0
    fields: int = 0
    is_log: bool = False
    is_comparable: bool = True
    allowed: Collection[str] = ()
    journey_rows: int = 0
    journey_names: tuple[str, ...] = ()
    journeys_unread: str = ""
    oldest_row: OldestRow | None = None
    snapshot_table: str = ""
    damage: str = ""
    damage_facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def baseline_command(self) -> str:
        """Return the command that takes the rows of this sync as accepted."""
        flags = "" if self.is_comparable else " --trust"
        return f"reverse-etl baseline --select {shlex.quote(self.sync.name)}{self.command_flags}{flags}"


@dataclass(frozen=True)
class CanaryGuardContext:
    """What became of the first rows of a large plan: rows `sent` and `rejected`, of `planned` rows.

    `reason` is the most frequent one. `command_flags` are flags that a command needs to reach the destination.
    """

    sync: Sync
    sent: int
    rejected: int
    planned: int
    reason: str = ""
    command_flags: str = ""


def first_problem(guards: Collection[Guard[_Context]], context: _Context) -> Problem | None:
    """Return the problem of the first guard that finds one, or None."""
    return next((problem for guard in guards if (problem := guard.check(context)) is not None), None)


def error_of(problem: Problem) -> ConfigError:
    """Return a problem as the error that ends a command."""
    return ConfigError(problem.code, problem.message, context=problem.context, hint=problem.hint)
