"""What an object of Iterable is: its entry, its identity, its fields and how its rows are sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum

from reverse_etl.definition.entry import Entry
from reverse_etl.destinations.bound_object import BoundObject, SyncContext
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

    def bind(self, sync: Sync, project: ProjectType) -> BoundObject:
        """Return how the rows of a sync are identified, encoded and sent in a project of this type."""

        def connect(bound: BoundObject, context: SyncContext, asker: ApiCaller) -> BoundObject:
            prepared = self.prepare(context, project, asker)
            return replace(
                bound,
                operations=prepared.operations,
                body=prepared.body,
                casts=prepared.casts,
                resource_ids=prepared.place,
                warnings=prepared.warnings,
            )

        return BoundObject(
            identity=self.identity(sync, project),
            operations=self.operations(sync, project),
            body=self.body(sync, project),
            fields=self.extra_fields(sync, project),
            requirements=self.requirements(sync, project),
            user=self.user(sync, project),
            people=self.people(sync, project),
            changes_identifier=self.stage is Stage.IDENTITY,
            first_recheck=self.first_recheck,
            check=lambda spelled: self.check(spelled, project),
            inspect=lambda context, asker: self.inspect(context, project, asker),
            connector=connect,
        )

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

    def inspect(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Inspection:
        """What Iterable would make of the fields; nothing is made there. Raises DestinationError."""
        del context, project, asker
        return Inspection()

    def prepare(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Prepared:
        """Ask Iterable what must be known before the first row, and make what the definition lets be made.

        Raises DestinationError where the rows cannot be sent.
        """
        del asker
        return Prepared(self.operations(context.sync, project), self.body(context.sync, project))
