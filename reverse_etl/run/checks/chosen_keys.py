"""Rows that a command chose by their keys: which rows these are, and what is said if nothing of them is sent."""

from __future__ import annotations

from collections.abc import Iterator

from reverse_etl.counting import agree, plural
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.columns.chosen_rows import ChosenRows
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus
from reverse_etl.warehouses.base import Reader


def choose_rows(runnable: RunnableSync, reader: Reader, environment: RunEnvironment) -> ChosenRows | None:
    """Return the rows with the keys after `--only`; None if every row takes part."""
    keys = environment.invocation.rows.only
    return ChosenRows(reader.dialect, runnable.layout, runnable.bound.people, keys) if keys else None


def chosen_warnings(status: SnapshotStatus, *, full_refresh: bool) -> Iterator[str]:
    """Yield why chosen rows are not sent: no row has the key, or the row did not change.

    A key can be personal data, so no warning names it.
    """
    counts, chosen = status.counts, status.diff.chosen
    if chosen is None:
        return
    if status.unknown_keys:
        yield f"`--only`: {len(status.unknown_keys)} of {plural(len(chosen.keys), 'key')} found no row"
    if counts.unchanged and not full_refresh:
        rows = plural(counts.unchanged, "chosen row")
        them = agree(counts.unchanged, "it", "them")
        yield f"`--only`: {rows} did not change, so nothing is sent for {them}; add `--full-refresh` to send {them}"
