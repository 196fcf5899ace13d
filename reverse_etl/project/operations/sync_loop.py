"""The loop of one `run`: the selected syncs, one after another. What is wrong with one does not stop the others."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from reverse_etl.change import Problem, RunResult, SyncStatus
from reverse_etl.errors import ReverseEtlError
from reverse_etl.events import Event
from reverse_etl.project.results import UNSUCCESSFUL
from reverse_etl.project.session import ProjectSession
from reverse_etl.project.sync_selection import SyncSelection
from reverse_etl.report.amounts import duration, iso_time
from reverse_etl.report.failures import problems_of
from reverse_etl.report.results import sentence
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.fault_result import FaultRecorder, fault_result
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.runner import run_sync
from reverse_etl.run.sending.allowance import RUNTIME
from reverse_etl.sync import BrokenSync, Sync
from reverse_etl.warehouses.base import Warehouse
from reverse_etl.warehouses.mark import Mark

_LEVELS = {SyncStatus.SUCCESS: "info", SyncStatus.WARN: "warn"}


class SyncLoop:
    """The syncs of one invocation. `results` are in the order the syncs ended in.

    `problems` are faults of reverse-etl itself. `failure` is every fault of every sync, if no sync could run.
    """

    def __init__(self, session: ProjectSession, *, fail_fast: bool) -> None:
        """Nothing is done yet. `fail_fast`: skip the syncs after the first one that fails or is stopped."""
        self._session = session
        self._fail_fast = fail_fast
        self.results: list[RunResult] = []
        self.problems: list[Problem] = []
        self.failure: ReverseEtlError | None = None

    def run(self, environment: RunEnvironment) -> None:
        """Find everything that is wrong, then run the other syncs. Raises what stops all of them."""
        session = self._session
        selection = SyncSelection(session)
        if self._ends_with_failure(selection, environment) or not list(selection.definitions):
            return
        with session.open_warehouse(read_only=False) as warehouse:
            with warehouse.session(Mark(environment.invocation.id)):
                selection.check_builds(warehouse, remember=warehouse)
                selection.match_columns(warehouse)
            if not self._ends_with_failure(selection, environment):
                for definition in selection.definitions:
                    self._take_turn(definition, selection, warehouse, environment)

    def record_failure(self, environment: RunEnvironment) -> None:
        """Write the failure into the history of each sync that has one."""
        with suppress(ReverseEtlError), self._session.open_warehouse(read_only=False) as warehouse:
            for definition, result in zip(self._session.context.select_definitions(), self.results, strict=True):
                self._save_fault(definition, result, FaultRecorder(warehouse, environment, create=False))

    def _ends_with_failure(self, selection: SyncSelection, environment: RunEnvironment) -> bool:
        self.failure = selection.failure
        if self.failure is not None:
            now = environment.clock.wall()
            self.results = [fault_result(one, selection.errors(one), now) for one in selection.definitions]
        return self.failure is not None

    def _take_turn(
        self, definition: Sync | BrokenSync, selection: SyncSelection, warehouse: Warehouse, environment: RunEnvironment
    ) -> None:
        errors = selection.errors(definition)
        skipped = self._reason_to_skip(definition.name, environment) or selection.blocked.get(definition.name)
        is_late = environment.clock.monotonic() >= environment.invocation.ends_at
        if errors:
            result = fault_result(definition, errors, environment.clock.wall())
            self._save_fault(definition, result, FaultRecorder(warehouse, environment, create=True))
            self._end_sync(
                result, [problem.naming(definition.name) for error in errors for problem in problems_of(error)]
            )
        elif skipped:
            self._end_sync(_skipped_result(definition, skipped), [skipped])
        elif is_late:
            self._end_sync(_late_result(definition), [])
        else:
            self._run_one(selection.runnable_syncs[definition.name], warehouse, environment)

    def _run_one(self, runnable: RunnableSync, warehouse: Warehouse, environment: RunEnvironment) -> None:
        sync, began = runnable.sync, environment.clock.wall()
        self._session.reporter(Event("SyncStarted", f"sync `{sync.name}`: started", "info", sync.name))
        unexpected: Exception | None = None
        try:
            result = run_sync(
                runnable, warehouse, replace(environment, settings=self._session.context.settings_of(sync))
            )
        except ReverseEtlError as error:
            result = fault_result(sync, [error], began)
        except Exception as error:  # noqa: BLE001  a bug that shows in one sync does not stop the others
            unexpected = error
            problem = problems_of(error)[0].naming(sync.name)
            self.problems.append(problem)
            result = replace(_skipped_result(sync, problem), status=SyncStatus.ERROR, started_at=began)
        self._end_sync(result, [result.problem] if result.problem else [], unexpected)

    def _save_fault(self, definition: Sync | BrokenSync, result: RunResult, recorder: FaultRecorder) -> None:
        """Save a fault. If the warehouse refuses, the other syncs still run."""
        with suppress(ReverseEtlError):
            recorder.write(self._session.tables(recorder.warehouse, definition), result)

    def _end_sync(self, result: RunResult, problems: list[Problem], unexpected: Exception | None = None) -> None:
        self.results.append(result)
        for problem in problems:
            self._session.reporter.problem(problem, result.sync, unexpected)
        data = {
            "status": result.status.value,
            "execution_time": result.execution_time,
            "counts": result.counts.as_dict(),
            **({"not_compared_since": iso_time(result.not_compared_since)} if result.not_compared_since else {}),
            "timings": dict(result.timings),
            "sending": dict(result.sending),
        }
        message = f"sync `{result.sync}`: {result.status.value}"
        if result.problem is None:
            timed = result.execution_time and not result.not_compared_since
            took = f" in {duration(result.execution_time)}" if timed else ""
            message = f"{sentence(result)}{took}"
        level = _LEVELS.get(result.status, "info")
        self._session.reporter(Event("SyncEnded", message, level, result.sync, data))

    def _reason_to_skip(self, sync: str, environment: RunEnvironment) -> Problem | None:
        if environment.invocation.stop():
            return Problem(
                "interrupted", f"sync `{sync}` was not run: the run was stopped", "Run again.", {"sync": sync}
            )
        if self._fail_fast and any(result.status in UNSUCCESSFUL for result in self.results):
            return Problem(
                "not-run",
                f"sync `{sync}` was not run: an earlier sync failed, and --fail-fast is on",
                "Fix that sync, or run without --fail-fast.",
                {"sync": sync},
            )
        return None


def _late_result(one: Sync | BrokenSync) -> RunResult:
    """Return the result of a sync that waits for the next run, because the time of this one is over."""
    return RunResult(
        one.name,
        one.unique_id,
        one.relation,
        one.destination,
        SyncStatus.WARN,
        warnings=("not run: the longest running time (`max_runtime`) was over. The next run sends its rows",),
        ended_by=RUNTIME,
        target=one.target,
        database=one.database,
    )


def _skipped_result(one: Sync | BrokenSync, problem: Problem) -> RunResult:
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
