"""Compares a model with its sync snapshot, unless a note in the lease shows that nothing can differ."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from reverse_etl.errors import WarehouseError
from reverse_etl.provenance import SOURCE
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.counting.counts import DiffCounts
from reverse_etl.snapshot.incremental.mark import full_comparison_due_in
from reverse_etl.snapshot.lease import LeaseRow
from reverse_etl.snapshot.model_versions.comparison_note import ComparedVersion, read_note
from reverse_etl.snapshot.model_versions.definition_digest import digest_of
from reverse_etl.snapshot.model_versions.snapshot_facts import SnapshotFacts, read_facts
from reverse_etl.snapshot.snapshot_reader import SnapshotReader, SnapshotStatus
from reverse_etl.version import __version__
from reverse_etl.warehouses.base import Reader
from reverse_etl.warehouses.table_version import TableVersion


def compare_model(
    snapshot: SnapshotReader, runnable: RunnableSync, reader: Reader, environment: RunEnvironment
) -> SnapshotStatus:
    """Return how the model differs from its sync snapshot. Raises ConfigError for a lease that cannot be continued.

    The version of the model is read before the comparison. If the table changes after that, it has another version,
    and the next run compares.
    """
    lease = snapshot.lease_row()
    if lease is not None:
        snapshot.check_lease(lease)
    if not _may_skip(environment):
        return snapshot.compare(lease, resends=environment.invocation.full_refresh)
    version = _read_version(reader, runnable.sync.relation)
    if version is None:
        return snapshot.compare(lease)
    model = ComparedVersion(version.text, _digest(snapshot, runnable, reader))
    longest = environment.settings.skip_unchanged_for
    if lease is not None and _is_noted(model, runnable, lease, longest):
        unchanged = _unchanged_status(snapshot, reader, lease)
        if unchanged is not None:
            return unchanged
    return replace(snapshot.compare(lease), version=model if version.is_settled else None)


def _may_skip(environment: RunEnvironment) -> bool:
    """Return whether this command may leave the comparison out: it sends what differs, and all of it."""
    invocation = environment.invocation
    insists = invocation.full_refresh or invocation.full_comparison
    chooses = invocation.rows.is_partial or invocation.baseline is not None
    return environment.settings.skip_unchanged_for > 0 and not insists and not chooses


def _read_version(reader: Reader, relation: str) -> TableVersion | None:
    """Return the version of the model's table; None also if this user may not read it."""
    with suppress(WarehouseError):
        return reader.table_version(relation)
    return None


def _digest(snapshot: SnapshotReader, runnable: RunnableSync, reader: Reader) -> str:
    """Return a digest of all that decides what is sent, besides the rows."""
    destination = (runnable.destination.kind, runnable.destination.host, runnable.destination.project_type)
    made_by = (__version__, reader.dialect.name, snapshot.tables)
    return digest_of(*made_by, runnable.sync, runnable.layout, runnable.source, destination)


def _is_noted(model: ComparedVersion, runnable: RunnableSync, lease: LeaseRow, longest: float) -> bool:
    """Return whether the lease has a note about this version, not too old, and the same destination.

    The note can be about a quick comparison. Until a full comparison is due, another one would not find more.
    """
    note, rule = read_note(lease), runnable.sync.incremental
    if rule is not None and full_comparison_due_in(rule, lease) is None:
        return False
    if note is None or not note.is_younger(lease, longest) or (note.table, note.digest) != (model.table, model.digest):
        return False
    now = runnable.remembered(lease.salt)
    return all(lease.destination.get(key) == value for key, value in now.items() if key != SOURCE)


def _unchanged_status(snapshot: SnapshotReader, reader: Reader, lease: LeaseRow) -> SnapshotStatus | None:
    """Return the status of a model that did not change; None if something else did."""
    diff, note = snapshot.diff(), read_note(lease)
    if note is None or not (diff.stored.columns and diff.stored.has_rejections):
        return None
    facts = read_facts(reader, snapshot.tables)
    if not _is_settled(facts, lease):
        return None
    counts = DiffCounts(entries=facts.entries, newest=facts.newest, model_rows=note.rows)
    status = SnapshotStatus(lease, counts, diff, not_compared_since=note.since)
    return None if status.needs_update else status


def _is_settled(facts: SnapshotFacts, lease: LeaseRow) -> bool:
    """Return whether the sync snapshot is as the last run left it, and no row is held back or has to be sent again."""
    sound = facts.entries == lease.entries and facts.newest <= lease.fence
    return sound and facts.entries > 0 and not facts.unsettled and not facts.held
