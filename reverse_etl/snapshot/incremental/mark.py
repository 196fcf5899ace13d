"""IncrementalMark: how far the last complete run of an incremental sync compared its model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite

from reverse_etl.provenance import INCREMENTAL, SOURCE, remembered_source
from reverse_etl.snapshot.columns.row_layout import RowLayout
from reverse_etl.snapshot.lease import LeaseRow
from reverse_etl.sync import Incremental, Sync
from reverse_etl.version import __version__

_DIGITS = 16


@dataclass(frozen=True)
class IncrementalMark:
    """What a sync snapshot remembers of its last complete comparison.

    Every row whose value was at most `highest` when it was compared is accepted or listed. `full_at` is the time of the
    last full comparison, in seconds since 1970 by the warehouse's clock. `definition` is a digest of everything that
    decides how a row is compared and sent.
    """

    highest: int
    full_at: float
    definition: str

    def as_dict(self) -> dict[str, object]:
        """Return the mark as JSON."""
        return asdict(self)


def read_mark(destination: Mapping[str, object]) -> IncrementalMark | None:
    """Return the mark in what a sync snapshot remembers; None if there is none that can be read."""
    found = remembered_source(destination).get(INCREMENTAL)
    if not isinstance(found, dict):
        return None
    highest, full_at, definition = (found.get(key) for key in ("highest", "full_at", "definition"))
    if type(highest) is not int or not isinstance(full_at, (int, float)) or not isfinite(full_at):
        return None
    return IncrementalMark(highest, float(full_at), str(definition))


def without_mark(destination: Mapping[str, object]) -> dict[str, object]:
    """Return what a sync snapshot remembers, without its mark: the next run compares all rows."""
    source = {key: value for key, value in remembered_source(destination).items() if key != INCREMENTAL}
    return {**destination, SOURCE: source} if source else dict(destination)


def full_comparison_due_in(rule: Incremental | None, lease: LeaseRow) -> float | None:
    """Return the seconds until the next full comparison; None if the next one is full, or if every one is.

    A clock that was set back means that the next one is full.
    """
    mark = read_mark(lease.destination)
    if rule is None or mark is None or lease.run is not None or lease.now < mark.full_at:
        return None
    left = mark.full_at + rule.full_every - lease.now
    return left if left > 0 else None


def definition_digest(sync: Sync, layout: RowLayout) -> str:
    """Return a digest of the definition and the columns of a sync, and of the version of reverse-etl."""
    whole = replace(layout, relation=sync.relation)
    parts = (whole, sync.object, sync.mode, sync.on_removed, sorted(sync.scope.items()), sync.incremental, __version__)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:_DIGITS]
