"""`run`: the job: every selected sync, one after another, and the file that says how they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.job import BAD, Job
from reverse_etl.cli.options import FullRefresh, Sandboxed, SandboxUse
from reverse_etl.cli.session import Session
from reverse_etl.cli.stop_signal import StopOnSignal
from reverse_etl.report.failures import problems_of

if TYPE_CHECKING:
    from reverse_etl.cli.record import Record
    from reverse_etl.errors import ReverseEtlError

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
    from reverse_etl.cli.record import Record
    from reverse_etl.project.wiring import RunOptions, wire

    session.settings = {"concurrency": threads, "wait": wait}
    session.use_sandbox(SandboxUse.SEND, wanted=sandbox)
    flags = {"full_refresh": full_refresh, "fail_fast": fail_fast, "threads": threads, "wait": wait, "sandbox": sandbox}
    project, console = session.project, session.console
    project.locations  # noqa: B018  without a project there is no place for the result file
    record = Record(project, flags)
    job = Job(session, fail_fast=fail_fast)
    with StopOnSignal(quiet=console.talk.quiet) as stop:
        try:
            environment = wire(project, console.tell, RunOptions(full_refresh, stop=stop.asked))
            job.go(environment)
        except Exception as error:
            record.write(record.content(job.results, problems_of(error), console), console)
            raise
        if job.failure is not None:
            code = _fail(session, job, record, job.failure)
            job.record_failure(environment)
            return code
        content = record.content(job.results, job.problems, console)
        console.summary(job.results, content, sandbox=sandbox)
        well = not stop.asked() and not any(result.status in BAD for result in job.results)
    written = record.write(content, console)
    return 2 if job.problems else 0 if written and well else 1


def _fail(session: Session, job: Job, record: Record, failure: ReverseEtlError) -> int:
    """Nothing was left to run: every fault on the screen and in the result file."""
    console = session.console
    code = console.fail(failure)
    record.write(record.content(job.results, problems_of(failure), console), console)
    return code
