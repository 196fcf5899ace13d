"""Guarding: the problem that stops a sync before it sends, from what its look found and where its rows would go."""

from __future__ import annotations

from collections.abc import Collection

from reverse_etl.change import Problem
from reverse_etl.errors import ConfigError
from reverse_etl.guards.checks import stopping
from reverse_etl.run.ready import Ready
from reverse_etl.snapshot.look import Look
from reverse_etl.snapshot.provenance import target_problem


def forbidden_target(ready: Ready) -> ConfigError | None:
    """The error of a command that changes what a sync has sent, with a dbt target that may not send."""
    problem = target_problem(ready.sync, ready.destination.name, ready.destination.targets)
    if problem is None:
        return None
    return ConfigError(problem.code, problem.message, context=problem.context, hint=problem.hint)


def guard_problem(ready: Ready, look: Look, allowed: Collection[str]) -> Problem | None:
    """What stops this sync; None if nothing does. `allowed` are guards that may be passed this time."""
    forbidden = target_problem(ready.sync, ready.destination.name, ready.destination.targets)
    if forbidden is not None:
        return forbidden
    now = ready.remembered(look.lease.salt if look.lease is not None else "")
    stop = stopping(ready.sync, look, now, allowed)
    return stop.problem if stop is not None else None
