"""Runs one sync, stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any

from reverse_etl.change import RunResult
from reverse_etl.errors import ReverseEtlError
from reverse_etl.run.baseline.methods import make_adopter
from reverse_etl.run.checks.chosen_keys import choose_rows
from reverse_etl.run.context import End, LeasedRun, RunContext
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.history import record_end
from reverse_etl.run.incremental import why_full
from reverse_etl.run.result import result_of, with_costs
from reverse_etl.run.runnable_sync import RunnableSync, problem_of
from reverse_etl.run.stages.acquire import acquire
from reverse_etl.run.stages.adopt import adopt
from reverse_etl.run.stages.close import close
from reverse_etl.run.stages.commit import commit
from reverse_etl.run.stages.guard import guard, guard_connected
from reverse_etl.run.stages.guard_plan import guard_plan
from reverse_etl.run.stages.journeys import forecast, is_guarded
from reverse_etl.run.stages.look import look
from reverse_etl.run.stages.plan import write_plan
from reverse_etl.run.stages.prepare import expects_rows, plans_rows, prepare
from reverse_etl.run.stages.recover import recover
from reverse_etl.run.stages.send import send
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.warehouses.base import Warehouse
from reverse_etl.warehouses.mark import Mark


def _always(_context: Any) -> bool:
    return True


@dataclass(frozen=True)
class RunStage:
    """One stage. `step` is the name that its statements and its time are reported under."""

    step: str
    act: Callable[[Any], RunContext | End]
    is_needed: Callable[[Any], bool] = _always


# The order of the commit protocol. If the look found no rows and the plan has some, prepare runs again.
STAGES = (
    RunStage("look", look),
    RunStage("look", guard),
    RunStage("acquire", acquire),
    RunStage("check", prepare, expects_rows),
    RunStage("check", guard_connected, lambda context: context.is_connected),
    RunStage("recover", recover, lambda context: context.lease_row.run is not None),
    RunStage("plan", write_plan),
    RunStage("check", prepare, plans_rows),
    RunStage("check", forecast, is_guarded),
    RunStage("plan", guard_plan),
    RunStage("send", send, lambda context: not context.is_baseline),
    RunStage("adopt", adopt, lambda context: context.is_baseline),
    RunStage("commit", commit),
    RunStage("commit", close),
)


def run_sync(runnable: RunnableSync, warehouse: Warehouse, environment: RunEnvironment) -> RunResult:
    """Run one sync. An error of the sync becomes part of its result and is not raised."""
    mark = Mark(environment.invocation.id, runnable.sync.name)
    timings: dict[str, float] = {}
    with warehouse.session(mark):
        with ExitStack() as resources:
            end = _run_stages(_begin(runnable, warehouse, environment, resources), timings)
        end = record_end(end)
    with warehouse.session(mark):
        spent = warehouse.costs(runnable.sync.name)
        return with_costs(result_of(end, timings), spent, environment.settings.price_per_tib)


def _begin(
    runnable: RunnableSync, warehouse: Warehouse, environment: RunEnvironment, resources: ExitStack
) -> RunContext:
    clock, request = environment.clock, environment.invocation.baseline
    return RunContext(
        runnable=runnable,
        warehouse=warehouse,
        environment=environment,
        store=SnapshotStore(
            warehouse,
            environment.settings.state_schema,
            runnable.sync,
            runnable.layout,
            choose_rows(runnable, warehouse, environment),
            why_full(environment.invocation),
        ),
        resources=resources,
        started_at=clock.wall(),
        began=clock.monotonic(),
        adopter=make_adopter(runnable, request) if request is not None else None,
    )


def _run_stages(context: RunContext, timings: dict[str, float]) -> End:
    """Go from stage to stage until the run ends. Adds the seconds of each step to `timings`."""
    now = context.environment.clock.monotonic
    for stage in STAGES:
        if not stage.is_needed(context):
            continue
        began = now()
        with context.warehouse.step(stage.step):
            reached = _act(stage, context)
        timings[stage.step] = timings.get(stage.step, 0.0) + now() - began
        if isinstance(reached, End):
            return replace(reached, step=stage.step)
        context = reached
    return End(context)


def _act(stage: RunStage, context: RunContext) -> RunContext | End:
    """Return what the stage returns, or the end of the run if the stage raises an error."""
    try:
        return stage.act(context)
    except ReverseEtlError as error:
        _release_lease(context)
        return End(context, problem_of(error), error=error)


def _release_lease(context: RunContext) -> None:
    """Release the lease after an error, unless rows may have been sent. The next run recovers a run that stays open.

    If rows may have been sent, the lease has to expire, so that late requests take effect before the next run.
    """
    if isinstance(context, LeasedRun) and not context.may_have_sent:
        with suppress(ReverseEtlError):
            context.lease.release()
