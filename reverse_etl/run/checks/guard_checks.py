"""Checks the guards of a sync before it sends: what its sync snapshot shows, and where its rows would go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reverse_etl.change import Problem
from reverse_etl.errors import ConfigError
from reverse_etl.guards.guard import SendGuardContext, error_of, first_problem
from reverse_etl.guards.table import SEND_GUARDS
from reverse_etl.guards.target import relation, target
from reverse_etl.provenance import ROWS, remembered_source
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.journeys.journey_forecast import JourneyForecast
from reverse_etl.run.planning.estimate import estimate
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.allowance import most_rows_of
from reverse_etl.snapshot.counting.counts import DiffCounts
from reverse_etl.snapshot.lease import LeaseRow
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus


def target_error(runnable: RunnableSync) -> ConfigError | None:
    """Return the error of a command that changes what a sync has sent, if the dbt target may not send."""
    problem = target.GUARD.check(_context(runnable))
    return error_of(problem) if problem is not None else None


def relation_error(runnable: RunnableSync, row: LeaseRow, allowed: Collection[str]) -> ConfigError | None:
    """Return the error of a command that changes a sync snapshot which belongs to another relation."""
    guard = relation.GUARD
    before, now = row.destination, runnable.remembered(row.salt)
    context = replace(_context(runnable), before=before, now=now, entries=row.entries)
    problem = None if guard.is_off(runnable.sync, allowed) else guard.check(context)
    return error_of(problem) if problem is not None else None


def guard_problem(
    runnable: RunnableSync,
    status: SnapshotStatus,
    environment: RunEnvironment,
    *,
    is_baseline: bool = False,
    journeys: JourneyForecast | None = None,
) -> Problem | None:
    """Return what stops this sync before it sends, or None. A baseline sends nothing, so fewer guards concern it.

    `journeys` are known once the destination was asked.
    """
    allowed = environment.invocation.passed_guards
    guards = [guard for guard in SEND_GUARDS if guard.for_baseline or not is_baseline]
    on = [guard for guard in guards if not guard.is_off(runnable.sync, allowed)]
    context = send_context(runnable, status, environment, journeys)
    limit = environment.invocation.rows.limit
    return first_problem(on, context if limit is None else _with_at_most(limit, context))


def _with_at_most(limit: int, context: SendGuardContext) -> SendGuardContext:
    """Return what the guards check if only so many rows are sent. Rows that nothing is sent for are all counted."""
    removed = context.removed if context.sync.on_removed == "ignore" else min(context.removed, limit)
    return replace(context, added=min(context.added, limit), changed=min(context.changed, limit), removed=removed)


def overridden_guards(
    runnable: RunnableSync,
    status: SnapshotStatus,
    environment: RunEnvironment,
    journeys: JourneyForecast | None = None,
) -> tuple[str, ...]:
    """Return the allowed guards that would stop this sync before it sends."""
    context, allowed = send_context(runnable, status, environment, journeys), environment.invocation.allowed
    guards = [guard for guard in SEND_GUARDS if guard.name in allowed and not guard.is_off(runnable.sync)]
    return tuple(guard.name for guard in guards if guard.check(context) is not None)


def send_context(
    runnable: RunnableSync,
    status: SnapshotStatus,
    environment: RunEnvironment,
    journeys: JourneyForecast | None = None,
) -> SendGuardContext:
    """Return what the guards check before a sync sends."""
    counts = status.counts
    cost = estimate(runnable.bound.operations, environment.settings, counts.upserts, 0)
    return replace(
        _with_changes(_with_snapshot(_context(runnable, journeys), runnable, status), runnable, status),
        before=status.remembered,
        now=runnable.remembered(status.lease.salt if status.lease is not None else ""),
        model_rows=counts.model_rows,
        entries=counts.entries,
        added=counts.added,
        removed=counts.removed,
        invalid=counts.invalid_rows,
        quarantined=counts.quarantined,
        removed_before=status.removed_before,
        rows_before=_rows_before(status),
        compared=counts.compared,
        renamed=_renamed(runnable, counts),
        is_log=runnable.bound.is_log,
        is_comparable=runnable.bound.open_stored_rows is not None,
        is_first_run=status.is_first_run,
        names_rows=bool(environment.invocation.rows.only),
        most_rows=most_rows_of(runnable.sync, environment),
        requests=cost.requests,
        seconds=cost.seconds,
        fields=sum(not field.from_key for field in runnable.sync.fields or ()),
        allowed=environment.invocation.passed_guards,
    )


def _with_snapshot(context: SendGuardContext, runnable: RunnableSync, status: SnapshotStatus) -> SendGuardContext:
    """Return the context with the fields that the sync snapshot knows, and what is wrong with its tables."""
    damage, new = status.integrity_problem, status.diff.stored.new_fields(runnable.layout)
    unnamed = [value.field.label for value in runnable.layout.values if not value.field.is_named]
    return replace(
        context,
        new_fields=new,
        known_fields=tuple(name for name in unnamed if name not in new),
        oldest_row=status.oldest_row,
        snapshot_table=status.diff.tables.snapshot,
        damage=damage.sentence if damage is not None else "",
        damage_facts=damage.facts if damage is not None else {},
    )


def _with_changes(context: SendGuardContext, runnable: RunnableSync, status: SnapshotStatus) -> SendGuardContext:
    """Return the context with the changed rows, and what changed them."""
    counts, edited, retyped = status.counts, status.diff.edited, status.diff.retyped
    # Rows whose old value a new type cannot hold are sent again. A full refresh sends all rows again.
    lost = counts.resent if retyped and not status.diff.resends else 0
    values = runnable.layout.values
    return replace(
        context,
        changed=counts.changed + lost,
        changed_fields=counts.changed_fields,
        edited=counts.edited,
        edited_fields=tuple(value.field.label for value in values if value.field.label in edited),
        retyped_fields=tuple(value.field.label for value in values if value.name in retyped),
        drifts=status.drifts,
    )


def _rows_before(status: SnapshotStatus) -> int:
    """Return the rows of the model at the last run. An older version did not note rows that were never accepted."""
    noted = remembered_source(status.remembered).get(ROWS)
    return noted if isinstance(noted, int) else status.counts.entries_in_model


def _renamed(runnable: RunnableSync, counts: DiffCounts) -> int:
    """Return how many rows came back under another identifier: by their primary key, or else as many as left."""
    if runnable.bound.is_log:
        return 0
    return counts.identity_changes if runnable.layout.keys else min(counts.added, counts.removed)


def _context(runnable: RunnableSync, journeys: JourneyForecast | None = None) -> SendGuardContext:
    destination, may_start = runnable.destination, journeys or JourneyForecast()
    context = SendGuardContext(runnable.sync, destination.name, destination.targets, destination.flag)
    return replace(
        context, journey_rows=may_start.rows, journey_names=may_start.names, journeys_unread=may_start.unread
    )
