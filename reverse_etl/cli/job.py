"""Job: all syncs of one invocation of `run`, one after another; what is wrong with one leaves the others alone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from reverse_etl.change import Problem, RunResult, SyncStatus
from reverse_etl.cli.session import Session
from reverse_etl.cli.triage import Triage
from reverse_etl.errors import ReverseEtlError
from reverse_etl.events import Event
from reverse_etl.report.amounts import duration
from reverse_etl.report.failures import problems_of
from reverse_etl.report.results import sentence

if TYPE_CHECKING:
    from reverse_etl.run.environment import RunEnvironment
    from reverse_etl.run.fault_result import FaultRecorder
    from reverse_etl.run.runnable_sync import RunnableSync
    from reverse_etl.sync import BrokenSync, Sync
    from reverse_etl.warehouses.base import Warehouse

BAD = (SyncStatus.ERROR, SyncStatus.STOPPED, SyncStatus.SKIPPED)
_LEVELS = {SyncStatus.SUCCESS: "info", SyncStatus.WARN: "warn"}


class Job:
    """The syncs of one invocation. `results` are in the order they ended in; `problems` are the program's own.

    `failure` is set where nothing was left to run: every fault of every sync.
    """

    def __init__(self, session: Session, *, fail_fast: bool) -> None:
        """Nothing is done yet."""
        self._session = session
        self._fail_fast = fail_fast
        self.results: list[RunResult] = []
        self.problems: list[Problem] = []
        self.failure: ReverseEtlError | None = None

    def go(self, environment: RunEnvironment) -> None:
        """Everything that can be found wrong is found before the first sync runs. Raises what stops all of them."""
        from reverse_etl.warehouses.mark import Mark

        session = self._session
        session.console.invocation_id = environment.invocation.id
        triage = Triage(session)
        if self._failed(triage, environment) or not list(triage.definitions):
            return
        with session.warehouse(read_only=False) as warehouse:
            with warehouse.session(Mark(environment.invocation.id)):
                triage.check_builds(warehouse, remember=warehouse)
                triage.fit(warehouse)
            if not self._failed(triage, environment):
                for definition in triage.definitions:
                    self._take_turn(definition, triage, warehouse, environment)

    def record_failure(self, environment: RunEnvironment) -> None:
        """Where nothing was left to run, the history says so; a sync without a history gets none."""
        from reverse_etl.run.fault_result import FaultRecorder

        with suppress(ReverseEtlError), self._session.warehouse(read_only=False) as warehouse:
            for definition, result in zip(self._session.project.selected(), self.results, strict=True):
                self._record(definition, result, FaultRecorder(warehouse, environment, create=False))

    def _failed(self, triage: Triage, environment: RunEnvironment) -> bool:
        from reverse_etl.run.fault_result import fault_result

        self.failure = triage.failure
        if self.failure is not None:
            now = environment.clock.wall()
            self.results = [fault_result(one, triage.errors(one), now) for one in triage.definitions]
        return self.failure is not None

    def _take_turn(
        self, definition: Sync | BrokenSync, triage: Triage, warehouse: Warehouse, environment: RunEnvironment
    ) -> None:
        from reverse_etl.run.fault_result import FaultRecorder, fault_result

        errors = triage.errors(definition)
        why_not = self._ended_early(definition.name, environment) or triage.blocked.get(definition.name)
        if errors:
            result = fault_result(definition, errors, environment.clock.wall())
            self._record(definition, result, FaultRecorder(warehouse, environment, create=True))
            self._end(result, [problem.naming(definition.name) for error in errors for problem in problems_of(error)])
        elif why_not:
            self._end(_skipped(definition, why_not), [why_not])
        else:
            result = self._one(triage.ready[definition.name], warehouse, environment)
            self._end(result, [result.problem] if result.problem else [])

    def _one(self, ready: RunnableSync, warehouse: Warehouse, environment: RunEnvironment) -> RunResult:
        from reverse_etl.run.fault_result import fault_result
        from reverse_etl.run.runner import run_sync

        sync, began = ready.sync, environment.clock.wall()
        environment.report(Event("SyncStarted", f"sync `{sync.name}`: started", "info", sync.name))
        try:
            return run_sync(ready, warehouse, replace(environment, settings=self._session.project.settings_of(sync)))
        except ReverseEtlError as error:
            return fault_result(sync, [error], began)
        except Exception as error:  # noqa: BLE001  a fault of ours in one sync does not stop the others
            self._session.console.trace(error)
            [problem] = problems_of(error)
            self.problems.append(problem.naming(sync.name))
            return replace(_skipped(sync, self.problems[-1]), status=SyncStatus.ERROR, started_at=began)

    def _record(self, definition: Sync | BrokenSync, result: RunResult, pen: FaultRecorder) -> None:
        """Save a fault. If the warehouse refuses, the other syncs still run."""
        with suppress(ReverseEtlError):
            pen.write(self._session.tables(pen.warehouse, definition), result)

    def _end(self, result: RunResult, problems: list[Problem]) -> None:
        self.results.append(result)
        console = self._session.console
        for problem in problems:
            console.problem(problem)
        data = {
            "status": result.status.value,
            "execution_time": result.execution_time,
            "counts": result.counts.as_dict(),
        }
        message = f"sync `{result.sync}`: {result.status.value}"
        message = f"{sentence(result)} in {duration(result.execution_time)}" if result.problem is None else message
        console.tell(Event("SyncEnded", message, _LEVELS.get(result.status, "info"), result.sync, data))

    def _ended_early(self, sync: str, environment: RunEnvironment) -> Problem | None:
        if environment.invocation.stop():
            return Problem("interrupted", f"sync `{sync}` was not run: a signal came", "Run again.", {"sync": sync})
        if self._fail_fast and any(result.status in BAD for result in self.results):
            return Problem(
                "not-run",
                f"sync `{sync}` was not run: a sync before it did not end well, and --fail-fast is on",
                "Fix that sync, or run without --fail-fast.",
                {"sync": sync},
            )
        return None


def _skipped(one: Sync | BrokenSync, problem: Problem) -> RunResult:
    return RunResult(
        one.name,
        one.unique_id,
        one.relation,
        one.destination,
        SyncStatus.SKIPPED,
        problem=problem,
        target=one.target,
        database=one.database,
    )
