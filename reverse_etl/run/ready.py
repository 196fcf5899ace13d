"""Ready: a sync with everything that was found out about it before it runs: its columns, its object, its project."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.change import Problem
from reverse_etl.destination import Destination
from reverse_etl.errors import Fault, Faults, ReverseEtlError
from reverse_etl.events import Listener
from reverse_etl.faults import field_twice, place_of
from reverse_etl.iterable import OBJECTS
from reverse_etl.iterable.base import Client, IterableObject, Operations, ProjectType
from reverse_etl.iterable.encode import Encoder, Source
from reverse_etl.iterable.fieldtypes import Typed
from reverse_etl.iterable.pacing import Pacer, Time
from reverse_etl.settings import Settings
from reverse_etl.snapshot.shape import Shape, Value, missing_columns, missing_relation, shape_of, spell_fields
from reverse_etl.sync import Sync
from reverse_etl.warehouses.base import ColumnKind, Reader

_UNSENDABLE = {
    ColumnKind.BINARY: "binary values cannot be sent; write `encode(column)` or drop it from the fields",
    ColumnKind.INTERVAL: "intervals cannot be sent; cast the column to a number of seconds",
    ColumnKind.OTHER: "values of this type cannot be sent; cast the column to text",
}


@dataclass(frozen=True)
class Ready:
    """One sync, fitted to its model's columns and its project."""

    sync: Sync
    shape: Shape
    destination: Destination
    operations: Operations
    encoder: Encoder
    typed: tuple[Typed, ...]
    gaps: tuple[str, ...] = ()


@dataclass
class Wiring:
    """What the world gives a run: clock, sleep, chance, network, an ear, a way to stop. All of it can be replaced.

    `wall` is UTC now as text, for people only. `stop` is asked before each request.
    """

    settings: Settings
    time: Time
    wall: Callable[[], str]
    listener: Listener
    client: Callable[[Destination], Client]
    pacer: Callable[[Destination, str, float], Pacer]
    new_id: Callable[[], str]
    alive: Callable[[Mapping[str, object]], bool | None]
    holder_note: dict[str, object]
    invocation_id: str
    allowed: Collection[str] = ()
    full_refresh: bool = False
    wait: float = 300.0
    stop: Callable[[], bool] = lambda: False


def make_ready(sync: Sync, destination: Destination, reader: Reader) -> Ready:
    """Look at the model's columns. Raises Faults with everything that is wrong with the definition there."""
    columns = reader.columns(sync.relation)
    if columns is None:
        raise missing_relation(sync)
    faults = missing_columns(sync, columns)
    if faults:
        raise Faults(faults)
    noun = OBJECTS[sync.object]
    project = ProjectType(destination.project_type)
    spelled = spell_fields(sync, columns)
    faults = noun.check(spelled, project)
    if faults:
        raise Faults(faults)
    spelled = spelled.with_fields((*(spelled.fields or ()), *noun.extra_fields(spelled, project)))
    rule = noun.identity(spelled, project)
    shape = shape_of(spelled, rule, columns, reader.dialect)
    faults = [*field_twice(spelled.fields or (), place_of(sync)), *_unsendable(spelled, shape)]
    if faults:
        raise Faults(faults)
    return _ready(spelled, shape, destination, noun)


def _ready(sync: Sync, shape: Shape, destination: Destination, noun: IterableObject) -> Ready:
    project = ProjectType(destination.project_type)
    sources = [
        Source(value.field.path, value.name, json=value.kind is ColumnKind.JSON, skip_nulls=value.skips_nulls)
        for value in shape.values
    ]
    kept = [field.path for field in noun.extra_fields(sync, project)]
    typed = tuple(Typed(value.field.path, _kind(value).value, value.type) for value in shape.values if value.column)
    operations = noun.operations(sync, project)
    return Ready(sync, shape, destination, operations, Encoder(sources, noun.body(sync, project), kept), typed)


def make_all_ready(
    syncs: Sequence[Sync], destinations: Callable[[str], Destination], reader: Reader
) -> tuple[list[Ready], list[ReverseEtlError]]:
    """Every sync that can run, and what is wrong with the others; nothing is written."""
    ready: list[Ready] = []
    errors: list[ReverseEtlError] = []
    for sync in syncs:
        made, wrong = _try_ready(sync, destinations, reader)
        ready += made
        errors += [error for error in wrong if all(error.message != other.message for other in errors)]
    return ready, errors


def _try_ready(
    sync: Sync, destinations: Callable[[str], Destination], reader: Reader
) -> tuple[list[Ready], Sequence[ReverseEtlError]]:
    try:
        return [make_ready(sync, destinations(sync.destination), reader)], []
    except Faults as faults:
        return [], faults.faults
    except ReverseEtlError as error:
        return [], [error]


def _kind(value: Value) -> ColumnKind:
    """What is sent: of an array, its elements; of a column that is sent as text, text."""
    if value.kind is ColumnKind.ARRAY and value.column is not None:
        return value.column.element or ColumnKind.OTHER
    return value.kind


def _unsendable(sync: Sync, shape: Shape) -> list[Fault]:
    faults = []
    for value in shape.values:
        kind = _kind(value)
        if kind in _UNSENDABLE:
            faults.append(
                place_of(sync).fault(
                    "unsendable-type",
                    f"sync `{sync.name}`: field `{value.field.path}`: {_UNSENDABLE[kind]}",
                    key=f"fields.{value.field.path}",
                    found=f"{value.field.column} {value.type}",
                )
            )
    return faults


def problem_of(error: ReverseEtlError) -> Problem:
    """An error as plain values, for results and events."""
    return Problem(error.code, error.message, error.hint, error.context)
