"""What a sync snapshot remembers of the destination and relation after a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reverse_etl.guards import destination, relation
from reverse_etl.provenance import SOURCE, remembered_source


def destination_to_remember(
    remembered: Mapping[str, object], now: Mapping[str, object], allowed: Collection[str]
) -> dict[str, object]:
    """Return what to remember. If `--allow` let a guard pass for this run, what it compares with stays as it was."""
    kept = {**remembered, **now}
    if destination.GUARD.name in allowed and remembered:
        kept = {**remembered, SOURCE: now[SOURCE]}
    if relation.GUARD.name in allowed and remembered_source(remembered):
        kept[SOURCE] = remembered[SOURCE]
    return kept
