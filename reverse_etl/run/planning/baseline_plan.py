"""Plans a baseline: the rows that would count as accepted, found by reading only."""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.change import Problem
from reverse_etl.errors import ReverseEtlError
from reverse_etl.run.baseline.methods import make_adopter
from reverse_etl.run.baseline.request import BaselineMethod, BaselineRequest
from reverse_etl.run.baseline.trust import until_condition
from reverse_etl.run.checks.first_run import adopts_first_run
from reverse_etl.run.checks.guard_checks import guard_problem
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.planning.sync_plan import SyncPlan
from reverse_etl.run.runnable_sync import RunnableSync, problem_of
from reverse_etl.snapshot.snapshot_reader import SnapshotReader, SnapshotStatus


def find_baseline(
    runnable: RunnableSync, status: SnapshotStatus, environment: RunEnvironment
) -> BaselineRequest | None:
    """Return the baseline of this run: the command's, or the one that `first_run: baseline` asks for."""
    invocation = environment.invocation
    adopts = adopts_first_run(status, runnable, invocation)
    return invocation.baseline or (BaselineRequest(BaselineMethod.TRUST, only_added=True) if adopts else None)


def with_baseline(
    plan: SyncPlan, runnable: RunnableSync, status: SnapshotStatus, reader: SnapshotReader, environment: RunEnvironment
) -> SyncPlan:
    """Return the plan of a sync as the plan of its baseline: nothing is sent."""
    request = find_baseline(runnable, status, environment)
    if request is None:
        return plan
    problem = _find_problem(runnable, status, environment, request)
    adopted = 0 if problem else _count_adopted(request, runnable, status, reader)
    return replace(
        plan,
        baseline="compare" if request.method is None else request.method.value,
        until="" if request.until is None else str(request.until),
        adopted=adopted,
        to_send=0,
        requests=0,
        seconds=0.0,
        left=0,
        ended_by="",
        problems=(problem,) if problem else (),
        journeys=None,
    )


def _find_problem(
    runnable: RunnableSync, status: SnapshotStatus, environment: RunEnvironment, request: BaselineRequest
) -> Problem | None:
    try:
        make_adopter(runnable, request)
    except ReverseEtlError as error:
        return problem_of(error)
    return guard_problem(runnable, status, environment, is_baseline=True)


def _count_adopted(
    request: BaselineRequest, runnable: RunnableSync, status: SnapshotStatus, reader: SnapshotReader
) -> int:
    """Return the rows that count as accepted; of a comparison, the rows that are compared."""
    counts, diff = status.counts, status.diff
    if request.only_added:
        return counts.added
    if request.until is None:
        return counts.upserts + (counts.removed if diff.acts_on_removed else 0)
    condition = until_condition(diff.dialect, reader.layout, runnable.bound.time_field, request.until)
    return reader.count_sendable(diff, condition) if counts.upserts else 0
