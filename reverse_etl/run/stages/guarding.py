"""Guarding: the problem that stops a sync before it sends, from what its look found and where its rows would go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reverse_etl.change import Problem
from reverse_etl.errors import ConfigError
from reverse_etl.guards import relation, target
from reverse_etl.guards.guard import SendContext, error_of, first_problem
from reverse_etl.guards.table import SEND_GUARDS
from reverse_etl.run.ready import Ready
from reverse_etl.snapshot.lease import LeaseRow
from reverse_etl.snapshot.look import Look


def forbidden_target(ready: Ready) -> ConfigError | None:
    """Return the error of a command that changes what a sync has sent, if the dbt target may not send."""
    problem = target.GUARD.check(_context(ready))
    return error_of(problem) if problem is not None else None


def foreign_relation(ready: Ready, row: LeaseRow, allowed: Collection[str]) -> ConfigError | None:
    """Return the error of a command that changes a sync snapshot which another relation feeds."""
    guard = relation.GUARD
    before, now = row.destination, ready.remembered(row.salt)
    context = replace(_context(ready), before=before, now=now, entries=row.entries)
    problem = None if guard.is_off(ready.sync, allowed) else guard.check(context)
    return error_of(problem) if problem is not None else None


def guard_problem(ready: Ready, look: Look, allowed: Collection[str]) -> Problem | None:
    """Return what stops this sync before it sends, or None. `allowed` are guards that stop nothing this time."""
    guards = [guard for guard in SEND_GUARDS if not guard.is_off(ready.sync, allowed)]
    return first_problem(guards, send_context(ready, look))


def send_context(ready: Ready, look: Look) -> SendContext:
    """Return what the guards look at before a sync sends."""
    damage = look.damage
    return replace(
        _context(ready),
        before=look.remembered,
        now=ready.remembered(look.lease.salt if look.lease is not None else ""),
        model_rows=look.counts.model_rows,
        entries=look.counts.entries,
        removed=look.counts.removed,
        removed_before=look.removed_before,
        snapshot_table=look.diff.tables.snapshot,
        damage=damage.sentence if damage is not None else "",
        damage_facts=damage.facts if damage is not None else {},
    )


def _context(ready: Ready) -> SendContext:
    destination = ready.destination
    return SendContext(ready.sync, destination.name, destination.targets, destination.flag)
