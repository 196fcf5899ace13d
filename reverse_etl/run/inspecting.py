"""Inspecting: what Iterable has fixed about a sync's fields, beside what the warehouse says of their values."""

from __future__ import annotations

from reverse_etl.iterable.base import Asker
from reverse_etl.iterable.datefields import PATTERNS, Texts, with_dates
from reverse_etl.iterable.inspection import Inspection
from reverse_etl.run.ready import Ready
from reverse_etl.snapshot.sampling import tallies
from reverse_etl.warehouses.base import Reader


def inspect(ready: Ready, reader: Reader, asker: Asker) -> Inspection:
    """What would become of a sync's fields; nothing is written or made. Raises DestinationError, WarehouseError."""
    sampled = tallies(reader, ready.shape, PATTERNS)
    reader.release()
    texts = {field: Texts(tally.texts, tally.matches) for field, tally in sampled.items()}
    return with_dates(ready.noun.inspect(ready.subject, asker), texts)
