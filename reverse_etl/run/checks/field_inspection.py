"""Inspects a sync before its first run: field types of the destination, and what the values look like."""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.destinations.base import ModelSamples, TextSample
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.request import ApiCaller
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.columns.text_samples import count_patterns, sample_texts
from reverse_etl.sync import Sync
from reverse_etl.warehouses.base import Reader

_SAMPLED_VALUES = 5


def inspect_fields(runnable: RunnableSync, reader: Reader, asker: ApiCaller) -> Inspection:
    """Return what would happen to a sync's fields in a project of this type. Nothing is written or created.

    Raises ConfigError for another project type, DestinationError, WarehouseError.
    """
    vendor = runnable.vendor
    with reader.session(replace(reader.mark, sync=runnable.sync.name, step="inspect")):
        sampled = count_patterns(reader, runnable.layout, vendor.text_patterns) if vendor.text_patterns else {}
        columns = _identifier_columns(runnable.sync, vendor.sampled_identifiers)
        identifiers = sample_texts(reader, runnable.sync.relation, columns, _SAMPLED_VALUES)
    texts = {field: TextSample(tally.texts, tally.matches) for field, tally in sampled.items()}
    samples = ModelSamples(texts, identifiers)
    return vendor.inspect(runnable.bound, runnable.context, samples, runnable.destination.project_type, asker)


def _identifier_columns(sync: Sync, kinds: tuple[str, ...]) -> dict[str, str]:
    """Return the columns that say who the rows are about, by the kind of identifier."""
    own = {item.path: item.column for item in sync.key_fields if item.column is not None}
    columns = {**own, **sync.identifiers}
    return {key: columns[key] for key in kinds if key in columns}
