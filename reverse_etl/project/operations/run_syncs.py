"""`run`: send what changed, and write down how it ended, in the result file and in the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reverse_etl.errors import ReverseEtlError
from reverse_etl.events import INVOCATION, Event
from reverse_etl.project.operations.sync_loop import SyncLoop
from reverse_etl.project.result_recorder import ResultRecorder
from reverse_etl.project.results import RunResults
from reverse_etl.project.run_environment import RunOptions
from reverse_etl.project.session import ProjectSession
from reverse_etl.report.failures import problems_of
from reverse_etl.run.baseline.request import BaselineRequest
from reverse_etl.run.environment import RowChoice, RunEnvironment


@dataclass(frozen=True)
class RunRequest:
    """How to run: the flags of the command `run`. `stop` is asked before each request whether to end the run."""

    full_refresh: bool = False
    fail_fast: bool = False
    threads: int | None = None
    wait: float | None = None
    sandbox: bool = False
    stop: Callable[[], bool] = lambda: False
    rows: RowChoice = field(default_factory=RowChoice)
    max_runtime: float | str | None = None
    baseline: BaselineRequest | None = None
    full_comparison: bool = False

    @property
    def settings(self) -> Mapping[str, object]:
        """Return the settings that the flags replace."""
        return {"concurrency": self.threads, "wait": self.wait, "max_runtime": self.max_runtime}

    @property
    def options(self) -> RunOptions:
        """Return the flags that the run itself reads."""
        return RunOptions(
            self.full_refresh,
            stop=self.stop,
            rows=self.rows,
            baseline=self.baseline,
            full_comparison=self.full_comparison,
        )

    @property
    def args(self) -> dict[str, object]:
        """Return the flags as the result file has them."""
        names = ("full_refresh", "full_comparison", "fail_fast", "threads", "wait", "sandbox", "max_runtime")
        args = {**{name: getattr(self, name) for name in names}, "limit": self.rows.limit, "only": len(self.rows.only)}
        return args if self.baseline is None else {**args, **self.baseline.args}


def run_syncs(session: ProjectSession, request: RunRequest) -> RunResults:
    """Run the selected syncs and write the result file.

    Raises ConfigError or Faults if no sync can run, and WarehouseError if the warehouse cannot be opened. The result
    file then says so too.
    """
    session.context.locations  # noqa: B018  without a project there is no place for the result file
    recorder = ResultRecorder(session, request.args)
    loop = SyncLoop(session, fail_fast=request.fail_fast)
    known = ""
    try:
        environment = session.make_environment(request.options)
        known = _announce(session, environment)
        loop.run(environment)
    except Exception as error:
        _record_failure(session, recorder, loop, error, known)
        raise
    if loop.failure is not None:
        _record_failure(session, recorder, loop, loop.failure, known)
        loop.record_failure(environment)
        raise loop.failure
    results = RunResults(loop.results, known)
    results.problems = tuple(loop.problems)
    results.file = recorder.content(results, results.problems, known)
    results.file_error = recorder.write(results.file)
    results.interrupted = request.stop()
    return results


def _announce(session: ProjectSession, environment: RunEnvironment) -> str:
    """Report the id of the invocation, and return it."""
    invocation = environment.invocation.id
    session.reporter(Event(INVOCATION, "", "debug", data={"invocation_id": invocation}))
    return invocation


def _record_failure(
    session: ProjectSession, recorder: ResultRecorder, loop: SyncLoop, error: Exception, known: str
) -> None:
    """Write a result file about an invocation that failed as a whole; report if that fails too."""
    unwritten = recorder.write(recorder.content(loop.results, problems_of(error), known))
    for one in [unwritten] if isinstance(unwritten, ReverseEtlError) else []:
        [problem] = problems_of(one)
        session.reporter.problem(problem)
