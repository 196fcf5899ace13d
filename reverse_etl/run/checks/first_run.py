"""The policy of a first run. Reads what its guards need to know, and nothing in a later run."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from reverse_etl.guards.start import first_run, old_events
from reverse_etl.guards.start.oldest_row import OldestRow
from reverse_etl.run.environment import Invocation
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.snapshot_reader import SnapshotReader, SnapshotStatus
from reverse_etl.snapshot.sql.row_times import has_time

_BASELINE = "baseline"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def adopts_first_run(status: SnapshotStatus, runnable: RunnableSync, invocation: Invocation) -> bool:
    """Return whether the first run of this sync takes its new rows as accepted.

    `--allow first_run` sends them instead, and `--only` sends the rows that it names.
    """
    sends = first_run.GUARD.name in invocation.allowed or invocation.rows.only
    policy = runnable.sync.first_run == _BASELINE and not sends
    return policy and status.is_first_run and status.integrity_problem is None


def allows_whole_first_run(invocation: Invocation) -> bool:
    """Return whether a command lets all rows of a first run go. Then later runs may send what this one leaves.

    A run that was stopped by hand may need another look first.
    """
    allowed = {first_run.GUARD.name, old_events.GUARD.name} & {*invocation.allowed}
    return bool(allowed) and not invocation.rows.is_partial and not invocation.stop()


def with_oldest_row(status: SnapshotStatus, runnable: RunnableSync, reader: SnapshotReader) -> SnapshotStatus:
    """Return the status with the oldest row, if it is a first run of things that happened. This costs one query."""
    label = runnable.bound.time_field
    if not label or not status.is_first_run or old_events.oldest_allowed_days(runnable.sync) is None:
        return status
    return replace(status, oldest_row=_find_oldest_row(status, reader, label))


def _find_oldest_row(status: SnapshotStatus, reader: SnapshotReader, label: str) -> OldestRow | None:
    if not has_time(reader.layout.value_of(label)):
        return None
    is_part = status.counts.entries or status.diff.chosen is not None
    oldest, now = reader.oldest_time_to_send(label, status.diff) if is_part else reader.oldest_time(label)
    if oldest is None:
        return None
    return OldestRow(_EPOCH + timedelta(seconds=oldest), timedelta(seconds=now - oldest))
