"""An object bound to a definition and a project: how its rows are identified, checked and sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reverse_etl.destinations.column_body import ColumnBody
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.journeys import JourneyEvent
from reverse_etl.destinations.operation import Body, Operations, Row
from reverse_etl.destinations.request import ApiCaller
from reverse_etl.destinations.stored_rows import StoredRows
from reverse_etl.errors import Fault
from reverse_etl.sync import ANY_ORDER, Field, IdentityRule, PersonColumn, Requirement, RowOrder, Sync

_CONSTANTS = {bool: "boolean", int: "integer", float: "float", str: "text", dict: "object"}


@dataclass(frozen=True)
class TypedField:
    """A mapped field, the kind of its column (of its elements for an array), and the warehouse's own type."""

    field: str
    kind: str
    type: str
    array: bool = False


def typed_constant(field: str, value: object) -> TypedField:
    """Return the type of a field whose value is a constant of the definition."""
    several = isinstance(value, list)
    one = next(iter(value), None) if isinstance(value, list) else value
    return TypedField(
        field, _CONSTANTS.get(type(one), "json"), "a constant array" if several else "a constant", several
    )


@dataclass(frozen=True)
class SyncContext:
    """What a destination must know of a sync: the types of its mapped fields.

    `remembered` is what the sync snapshot says the rows belong to, such as the id of a list.
    """

    sync: Sync
    fields: Sequence[TypedField] = ()
    remembered: Mapping[str, str] = field(default_factory=dict)


# Returns the faults of a definition in one type of project. The sync has its fields spelled out, if they are known.
Check = Callable[[Sync], "list[Fault]"]
# Asks what the destination would do with the fields; creates nothing there. Raises DestinationError.
Inspect = Callable[[SyncContext, ApiCaller], Inspection]
# Asks what a run must know before the first row; creates what the definition allows. Raises DestinationError.
Connect = Callable[["BoundObject", SyncContext, ApiCaller], "BoundObject"]
# Returns how the rows that the destination holds are read; the object is connected. Raises ReverseEtlError.
OpenStoredRows = Callable[["BoundObject", SyncContext, ApiCaller], StoredRows]


def _no_faults(_sync: Sync) -> list[Fault]:
    return []


def _nothing_to_inspect(_context: SyncContext, _asker: ApiCaller) -> Inspection:
    return Inspection()


def _unchanged(bound: BoundObject, _context: SyncContext, _asker: ApiCaller) -> BoundObject:
    return bound


@dataclass(frozen=True)
class BoundObject:
    """How the rows of one sync are identified, checked, encoded and sent in one project.

    - `identity` says which columns identify a row, `requirements` are other conditions for sending it.
    - `fields` are fields that come from keys of the definition, in addition to its `fields`.
    - `user` returns the user of a row. Rows of one user keep their order, in one request if the operation allows that,
      or in successive ones.
    - `order` is the order in which rows are sent, if it matters.
    - `people` are the columns of the snapshot that hold the user of a row, the identifier with precedence first.
    - `changes_identifier`: an accepted row gives a user another identifier.
    - `merge_depth`: how many levels of nested objects a row's data is merged into; deeper objects are replaced.
    - `by_column` makes the bodies of many rows at once. None: they are made one by one.
    - `expects_skips`: skipped rows are normal in this mode, and no reason for a warning.
    - `is_log`: rows are things that happened once, so a model may hold only the newest of them.
    - `first_recheck`: seconds until a skipped row is tried again for the first time.
    - `journey_events` are what the rows do that can start a journey.
    - `open_stored_rows`: how the rows that are there can be read and compared; None if they cannot.
    - `time_field` is the label of the field that says when a row happened; empty if rows are not things that happened.
    - `connect` sets the rest: `casts` are the destination's types by field, for values that must be converted;
      `resource_ids` adds ids to the scope, such as a list's; `warnings` are sentences.
    """

    identity: IdentityRule
    operations: Operations
    body: Body
    fields: tuple[Field, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    user: Callable[[Row], str] | None = None
    order: RowOrder = ANY_ORDER
    people: tuple[PersonColumn, ...] = ()
    changes_identifier: bool = False
    merge_depth: int = 1
    by_column: ColumnBody | None = None
    expects_skips: bool = False
    is_log: bool = False
    first_recheck: float | None = None
    time_field: str = ""
    journey_events: tuple[JourneyEvent, ...] = ()
    check: Check = _no_faults
    inspect: Inspect = _nothing_to_inspect
    connector: Connect = _unchanged
    open_stored_rows: OpenStoredRows | None = None
    casts: Mapping[str, str] = field(default_factory=dict)
    resource_ids: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    def connect(self, context: SyncContext, asker: ApiCaller) -> BoundObject:
        """Return the object with the destination's answers. May create what the definition allows.

        Raises DestinationError if the rows cannot be sent.
        """
        return self.connector(self, context, asker)
