"""What an object of Iterable is: its entry, its identity, its fields and how its rows are sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from reverse_etl.definition.entry import Entry
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.operation import Body, Operations, Row
from reverse_etl.destinations.request import ApiCaller
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, PersonColumn, Requirement, Sync


class ProjectType(str, Enum):
    """What identifies a user in a project; fixed when the project is made (support article 9216719179796)."""

    EMAIL = "email"
    USER_ID = "user_id"
    HYBRID = "hybrid"


class Stage(IntEnum):
    """When a sync runs: what others refer to first, what takes away last; bulk together, single requests together."""

    CATALOGS = 1
    IDENTITY = 2
    PROFILES = 3
    MEMBERSHIPS = 4
    ACTIVITY = 5
    COMMERCE = 6
    DELETIONS = 7


@dataclass(frozen=True)
class Typed:
    """A mapped field, the kind of its column (of its elements for an array), and the warehouse's own type."""

    field: str
    kind: str
    type: str
    array: bool = False


@dataclass(frozen=True)
class Subject:
    """A sync as its object sees it. `place` is what Iterable was last known to call what the rows belong to."""

    sync: Sync
    project: ProjectType
    typed: Sequence[Typed] = ()
    place: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """How a sync is sent, once Iterable was asked.

    `casts` are Iterable's types by field, for values that have to be fitted to them. `place` adds to the scope what
    Iterable calls it, such as a list's id. `warnings` are sentences.
    """

    operations: Operations
    body: Body
    casts: Mapping[str, str] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()


class IterableObject(ABC):
    """A noun of Iterable: which definitions it takes and how its rows are sent.

    `first_recheck`: seconds after which a skipped row is tried again for the first time, where that may soon help.
    """

    name: str
    entry: type[Entry]
    stage: Stage
    first_recheck: float | None = None

    @abstractmethod
    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        """What in a definition cannot work in a project of this type."""

    @abstractmethod
    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        """Which columns identify a row, and how."""

    def requirements(self, sync: Sync, project: ProjectType) -> tuple[Requirement, ...]:
        """What else must hold of a row before it is sent."""
        del sync, project
        return ()

    def extra_fields(self, sync: Sync, project: ProjectType) -> tuple[Field, ...]:
        """Fields that the definition's own keys stand for, beside `fields`."""
        del project
        return sync.own

    @abstractmethod
    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        """How its changes are sent, as far as that is known without asking Iterable."""

    @abstractmethod
    def body(self, sync: Sync, project: ProjectType) -> Body:
        """The JSON of a row."""

    def user(self, sync: Sync, project: ProjectType) -> Callable[[Row], str] | None:
        """Who a row is about, where several rows of a plan may be about one user; they go in successive requests."""
        del sync, project
        return None

    def people(self, sync: Sync, project: ProjectType) -> tuple[PersonColumn, ...]:
        """Where it is kept who a row is about, the identifier that takes precedence first; none: it is about nobody."""
        del sync, project
        return ()

    def inspect(self, subject: Subject, asker: ApiCaller) -> Inspection:
        """What Iterable would make of the fields; nothing is made there. Raises DestinationError."""
        del subject, asker
        return Inspection()

    def prepare(self, subject: Subject, asker: ApiCaller) -> Prepared:
        """Ask Iterable what must be known before the first row, and make what the definition lets be made.

        Raises DestinationError where the rows cannot be sent.
        """
        del asker
        sync, project = subject.sync, subject.project
        return Prepared(self.operations(sync, project), self.body(sync, project))
