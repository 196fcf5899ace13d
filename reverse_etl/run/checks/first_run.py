"""Reads what the guards of a first run need to know, and nothing in a later run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from reverse_etl.guards.start import first_run
from reverse_etl.guards.start.old_events import oldest_allowed_days
from reverse_etl.guards.start.oldest_row import OldestRow
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.snapshot_reader import SnapshotReader, SnapshotStatus
from reverse_etl.snapshot.sql.row_times import has_time

_BASELINE = "baseline"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def adopts_first_run(status: SnapshotStatus, runnable: RunnableSync, allowed: Collection[str]) -> bool:
    """Return whether the first run of this sync takes its rows as accepted. `--allow first_run` sends them instead."""
    policy = runnable.sync.first_run == _BASELINE and first_run.GUARD.name not in allowed
    return policy and status.is_first_run and status.integrity_problem is None


def with_oldest_row(status: SnapshotStatus, runnable: RunnableSync, reader: SnapshotReader) -> SnapshotStatus:
    """Return the status with the oldest row, if it is a first run of things that happened. This costs one query."""
    label = runnable.bound.time_field
    if not label or not status.is_first_run or oldest_allowed_days(runnable.sync) is None:
        return status
    return replace(status, oldest_row=_find_oldest_row(reader, label))


def _find_oldest_row(reader: SnapshotReader, label: str) -> OldestRow | None:
    if not has_time(reader.layout.value_of(label)):
        return None
    oldest, now = reader.oldest_time(label)
    if oldest is None:
        return None
    return OldestRow(_EPOCH + timedelta(seconds=oldest), timedelta(seconds=now - oldest))
