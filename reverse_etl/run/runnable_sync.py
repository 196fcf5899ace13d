"""RunnableSync: a sync with what a run needs: its columns, its object, its destination."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from reverse_etl.change import Problem
from reverse_etl.definition.faults import find_field_faults, location_of
from reverse_etl.definition.field_mapping import check_field_count
from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations import load_destination
from reverse_etl.destinations.base import Destination, DestinationConfig
from reverse_etl.destinations.bound_object import BoundObject, SyncContext, TypedField, typed_constant
from reverse_etl.errors import Fault, Faults, ReverseEtlError
from reverse_etl.provenance import SOURCE, source_of
from reverse_etl.snapshot.columns.column_checks import (
    growing_column_faults,
    missing_columns,
    missing_relation,
    spell_fields,
)
from reverse_etl.snapshot.columns.layout_builder import build_layout, identifiers_among
from reverse_etl.snapshot.columns.row_layout import RowLayout, ValueColumn
from reverse_etl.snapshot.sql.identifier_text import refused_identifiers
from reverse_etl.sync import Field, Sync
from reverse_etl.warehouses.base import Reader
from reverse_etl.warehouses.columns import Column, ColumnKind
from reverse_etl.warehouses.dialect import Dialect
from reverse_etl.warehouses.local import LocalState

_UNSENDABLE = {
    ColumnKind.BINARY: "binary values cannot be sent",
    ColumnKind.INTERVAL: "intervals cannot be sent",
    ColumnKind.OTHER: "values of this type cannot be sent",
}


@dataclass(frozen=True)
class RunnableSync:
    """One sync, resolved against the columns of its model and its destination.

    `place` is the scope of the sync with the ids that the destination gave it. `source` is the relation that feeds it.
    """

    sync: Sync
    layout: RowLayout
    destination: DestinationConfig
    bound: BoundObject
    encoder: Encoder
    place: Mapping[str, str]
    source: Mapping[str, object]

    @property
    def context(self) -> SyncContext:
        """Return what the destination is asked about."""
        typed = tuple(_typed(value) for value in self.layout.values if not value.field.from_key)
        return SyncContext(self.sync, typed)

    def connected(self, bound: BoundObject) -> RunnableSync:
        """Return the same sync after the destination was asked."""
        encoder = _encoder(self.sync, self.layout, bound, self.vendor)
        return replace(self, bound=bound, encoder=encoder, place={**self.sync.scope, **bound.resource_ids})

    @property
    def vendor(self) -> Destination:
        """Return the destination that knows the replies and values."""
        return load_destination(self.destination.kind)

    def remembered(self, salt: str) -> dict[str, object]:
        """Return what a sync snapshot remembers about where its rows went."""
        place = {"object": self.sync.object, **self.place}
        return {**self.destination.remembered(salt), **place, SOURCE: dict(self.source)}


def resolve_sync(
    sync: Sync, destination: DestinationConfig, reader: Reader, known: Collection[str] | None = None
) -> RunnableSync:
    """Read the model's columns and return the sync. Raises Faults with everything that is wrong.

    `known` are the columns of its sync snapshot, if fields without a column there are left out.
    """
    columns = _columns(sync, reader)
    faults = [*missing_columns(sync, columns), *growing_column_faults(sync, columns)]
    if faults:
        raise Faults(faults)
    vendor = load_destination(destination.kind)
    bound = vendor.bind(sync, destination.project_type)
    spelled = spell_fields(sync, columns, known)
    many = check_field_count(spelled.fields, location_of(sync))
    if many is not None:
        raise many
    faults = [*bound.check(spelled), *find_field_faults(spelled.fields or (), location_of(sync))]
    if faults:
        raise Faults(faults)
    rule = bound.identity
    spelled = spelled.with_fields((*(spelled.fields or ()), *bound.fields))
    layout = replace(build_layout(spelled, rule, columns, reader.dialect, bound.requirements), order=bound.order)
    refused = refused_identifiers(spelled, identifiers_among(spelled, rule, columns), reader.dialect)
    faults = [*refused, *_sent_twice(spelled, bound.fields), *_unsendable(spelled, layout, reader.dialect)]
    if faults:
        raise Faults(faults)
    encoder = _encoder(spelled, layout, bound, vendor)
    source = source_of(sync, state_is_apart=isinstance(reader, LocalState))
    return RunnableSync(spelled, layout, destination, bound, encoder, sync.scope, source)


def _columns(sync: Sync, reader: Reader) -> tuple[Column, ...]:
    """Return the columns of the model. Raises ConfigError if its table does not exist."""
    with reader.session(replace(reader.mark, sync=sync.name, step="columns")):
        columns = reader.columns(sync.relation)
        if columns is None:
            raise missing_relation(sync, reader.access_hint(sync.relation))
        return columns


def _encoder(sync: Sync, layout: RowLayout, bound: BoundObject, vendor: Destination) -> Encoder:
    sources = [
        Source(
            value.field.path,
            value.name,
            json=value.json,
            skip_nulls=value.skips_nulls,
            from_key=value.field.from_key,
            cast="" if value.field.from_key else bound.casts.get(value.field.path, ""),
        )
        for value in layout.values
    ]
    kept = [field.path for field in bound.fields if not field.from_key]
    merge_depth = bound.merge_depth if sync.sends_changed_fields else None
    form = RowFormat(
        bound.body,
        vendor.encode_column,
        bound.user,
        kept,
        layout.rule,
        merge_depth,
        vendor.encode_json,
        bound.by_column,
    )
    return Encoder(sources, form)


def _sent_twice(sync: Sync, extra: Sequence[Field]) -> list[Fault]:
    """Return a fault for each field that a key of the definition sends already."""
    added = {field.path for field in extra if not field.from_key}
    data = [field for field in sync.fields or () if not field.from_key]
    return find_field_faults(data, location_of(sync)) if added else []


def resolve_syncs(
    syncs: Sequence[Sync],
    destinations: Callable[[str], DestinationConfig],
    reader: Reader,
    known_fields: Callable[[Sync], Collection[str] | None],
) -> tuple[list[RunnableSync], dict[str, Sequence[ReverseEtlError]]]:
    """Return every sync that can run, and the errors of the others by name. Nothing is written."""
    runnable: list[RunnableSync] = []
    errors: dict[str, Sequence[ReverseEtlError]] = {}

    def resolve(sync: Sync) -> RunnableSync:
        return resolve_sync(sync, destinations(sync.destination), reader, known_fields(sync))

    for sync in syncs:
        made, wrong = _attempt(partial(resolve, sync))
        runnable += made
        if wrong:
            errors[sync.name] = wrong
    return runnable, errors


def _attempt(resolve: Callable[[], RunnableSync]) -> tuple[list[RunnableSync], Sequence[ReverseEtlError]]:
    try:
        return [resolve()], []
    except Faults as faults:
        return [], faults.faults
    except ReverseEtlError as error:
        return [], [error]


def _kind(value: ValueColumn) -> ColumnKind:
    """Return the kind that is sent: the kind of an array's elements (any, if the type does not say), or text."""
    if value.kind is ColumnKind.ARRAY and value.column is not None:
        return value.column.element or ColumnKind.JSON
    return value.kind


def _typed(value: ValueColumn) -> TypedField:
    path = value.field.path
    if value.column is None:
        return typed_constant(path, value.field.constant)
    return TypedField(path, _kind(value).value, value.source_type, value.kind is ColumnKind.ARRAY)


def _unsendable(sync: Sync, layout: RowLayout, dialect: Dialect) -> list[Fault]:
    faults = []
    for value in layout.values:
        kind = _kind(value)
        if kind in _UNSENDABLE and value.column is not None:
            written = f"{dialect.sendable_expression(value.column)} AS {dialect.quote(value.column.name)}"
            faults.append(
                location_of(sync).fault(
                    "unsendable-type",
                    f"sync `{sync.name}`: field `{value.field.label}`: {_UNSENDABLE[kind]}; in the model"
                    f" write {written}, or leave it out of the fields",
                    key=value.field.path if value.field.from_key else f"fields.{value.field.path}",
                    found=f"{value.field.column} {value.source_type}",
                )
            )
    return faults


def problem_of(error: ReverseEtlError) -> Problem:
    """Return an error as plain values, for results and events."""
    return Problem(error.code, error.message, error.hint, error.context)
