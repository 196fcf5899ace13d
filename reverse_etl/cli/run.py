"""`run`: the job: every selected sync, one after another, and the file that says how they ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.change import Problem, RunResult, SyncStatus
from reverse_etl.cli.options import Sandboxed, SandboxUse
from reverse_etl.cli.session import Session
from reverse_etl.cli.signals import StopOnSignal
from reverse_etl.cli.unbuilt import Unbuilt
from reverse_etl.events import Event
from reverse_etl.report.failures import problems_of
from reverse_etl.report.results import sentence

if TYPE_CHECKING:
    from reverse_etl.run.ready import Ready, Wiring
    from reverse_etl.sync import Sync
    from reverse_etl.warehouses.base import Warehouse

_BAD = (SyncStatus.ERROR, SyncStatus.STOPPED, SyncStatus.SKIPPED)
_LEVELS = {SyncStatus.SUCCESS: "info", SyncStatus.WARN: "warn"}


FullRefresh = Annotated[
    bool, typer.Option("--full-refresh", "-f", envvar="REVERSE_ETL_FULL_REFRESH", help="Send every row again.")
]
Threads = Annotated[
    int | None, typer.Option("--threads", metavar="N", help="Requests under way at once (setting `concurrency`).")
]
FailFast = Annotated[
    bool, typer.Option("--fail-fast", "-x", envvar="REVERSE_ETL_FAIL_FAST", help="Stop after the first bad sync.")
]
Wait = Annotated[
    float | None, typer.Option("--wait", metavar="SECONDS", help="How long to wait for a dead run's lease.")
]


def run(
    session: Session,
    full_refresh: FullRefresh = False,
    threads: Threads = None,
    fail_fast: FailFast = False,
    wait: Wait = None,
    sandbox: Sandboxed = False,
) -> int:
    """Send what changed to Iterable. Added, changed and removed rows go out; what it accepted is committed."""
    from reverse_etl.assemble import RunOptions, wire
    from reverse_etl.cli.record import Record

    session.settings = {"concurrency": threads, "wait": wait}
    session.use_sandbox(SandboxUse.SEND, wanted=sandbox)
    flags = {
        "full_refresh": full_refresh,
        "fail_fast": fail_fast,
        "threads": threads,
        "wait": wait,
        "sandbox": sandbox,
    }
    project, console = session.project, session.console
    project.locations  # noqa: B018  without a project there is no place for the result file
    record = Record(project, flags)
    job = Job(session, fail_fast=fail_fast)
    with StopOnSignal(quiet=console.talk.quiet) as stop:
        try:
            job.go(wire(project, console.tell, RunOptions(full_refresh, stop=stop.asked)))
        except Exception as error:
            record.write(record.content(job.results, problems_of(error), console), console)
            raise
        content = record.content(job.results, [], console)
        console.summary(job.results, content, sandbox=sandbox)
        well = not stop.asked() and not any(result.status in _BAD for result in job.results)
    return 0 if record.write(content, console) and well else 1


class Job:
    """All syncs of one invocation; `results` in the order they were run."""

    def __init__(self, session: Session, *, fail_fast: bool) -> None:
        """Nothing is done yet."""
        self._session = session
        self._fail_fast = fail_fast
        self.results: list[RunResult] = []

    def go(self, wiring: Wiring) -> None:
        """Everything that can be found wrong is found before the first sync runs. Raises what is."""
        session = self._session
        session.console.invocation_id = wiring.invocation_id
        syncs = session.syncs()
        session.check_destinations(syncs)
        if not syncs:
            return
        with session.warehouse(read_only=False) as warehouse:
            warehouse.mark = replace(warehouse.mark, invocation=wiring.invocation_id)
            unbuilt = Unbuilt(session, syncs, warehouse)
            unbuilt.remember(warehouse)
            blocked = unbuilt.problems()
            fit = session.ready([sync for sync in syncs if sync.name not in blocked], warehouse)
            warehouse.release()
            ready = {one.sync.name: one for one in fit}
            for sync in syncs:
                why_not = self._ended_early(sync, wiring) or blocked.get(sync.name)
                self._end(_skipped(sync, why_not) if why_not else self._one(ready[sync.name], warehouse, wiring))

    def _one(self, ready: Ready, warehouse: Warehouse, wiring: Wiring) -> RunResult:
        from reverse_etl.runner import run_sync

        name = ready.sync.name
        wiring.listener(Event("SyncStarted", f"sync `{name}`: started", "info", name))
        return run_sync(ready, warehouse, replace(wiring, settings=self._session.project.settings_of(ready.sync)))

    def _end(self, result: RunResult) -> None:
        self.results.append(result)
        console = self._session.console
        if result.problem is not None:
            console.problem(result.problem)
        data = {
            "status": result.status.value,
            "execution_time": result.execution_time,
            "counts": result.counts.as_dict(),
        }
        message = f"sync `{result.sync}`: {result.status.value}"
        message = sentence(result) if result.problem is None else message
        console.tell(Event("SyncEnded", message, _LEVELS.get(result.status, "info"), result.sync, data))

    def _ended_early(self, sync: Sync, wiring: Wiring) -> Problem | None:
        if wiring.stop():
            return Problem(
                "interrupted", f"sync `{sync.name}` was not run: a signal came", "Run again.", {"sync": sync.name}
            )
        if self._fail_fast and any(result.status in _BAD for result in self.results):
            return Problem(
                "not-run",
                f"sync `{sync.name}` was not run: a sync before it did not end well, and --fail-fast is on",
                "Mend that sync, or run without --fail-fast.",
                {"sync": sync.name},
            )
        return None


def _skipped(sync: Sync, problem: Problem) -> RunResult:
    return RunResult(
        sync.name,
        sync.unique_id,
        sync.relation,
        sync.destination,
        SyncStatus.SKIPPED,
        problem=problem,
        target=sync.target,
        database=sync.database,
    )
