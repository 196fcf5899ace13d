"""Checks the guards of a run at one of its stages."""

from __future__ import annotations

from reverse_etl.change import Problem
from reverse_etl.run.checks.guard_checks import guard_problem
from reverse_etl.run.context import LookedRun
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus


def find_run_problem(context: LookedRun, status: SnapshotStatus) -> Problem | None:
    """Return what stops the run, by the `status` of its sync snapshot; None if nothing does."""
    return guard_problem(
        context.runnable, status, context.environment, is_baseline=context.is_baseline, journeys=context.journeys
    )
