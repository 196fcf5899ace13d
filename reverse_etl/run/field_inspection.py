"""Inspecting: what Iterable has fixed about a sync's fields, beside what the warehouse says of their values."""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.date_fields import PATTERNS, Texts, with_dates
from reverse_etl.destinations.iterable.project_types import check_project_type
from reverse_etl.destinations.request import ApiCaller
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.columns.text_samples import sample_texts, tallies
from reverse_etl.sync import Sync
from reverse_etl.warehouses.base import Reader

_USERS_ASKED_ABOUT = 5
_IDENTIFIERS = ("email", "user_id")


def inspect_fields(runnable: RunnableSync, reader: Reader, asker: ApiCaller) -> Inspection:
    """What would become of a sync's fields, in a project of the type that is set; nothing is written or made.

    Raises ConfigError for another project type, DestinationError, WarehouseError.
    """
    with reader.session(replace(reader.mark, sync=runnable.sync.name, step="inspect")):
        sampled = tallies(reader, runnable.shape, PATTERNS)
        columns = _identifier_columns(runnable.sync)
        users = sample_texts(reader, runnable.sync.relation, columns, _USERS_ASKED_ABOUT)
    project = ProjectType(runnable.destination.project_type)
    confirmed = check_project_type(project, users, asker)
    texts = {field: Texts(tally.texts, tally.matches) for field, tally in sampled.items()}
    found = with_dates(runnable.bound.inspect(runnable.context, asker), texts)
    note = f"Iterable shows profiles of a project of type `{project.value}`, as it is set"
    return replace(found, notes=(*found.notes, note)) if confirmed else found


def _identifier_columns(sync: Sync) -> dict[str, str]:
    """The columns that say which users the rows are about, by the kind of identifier."""
    own = {item.path: item.column for item in sync.own if item.column is not None}
    columns = {**own, **sync.identifiers}
    return {key: columns[key] for key in _IDENTIFIERS if key in columns}
