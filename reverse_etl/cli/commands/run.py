"""`run`: send what changed of every selected sync, and print how it ended."""

from __future__ import annotations

from typing import Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.cli.options import FullComparison, FullRefresh, LeaseWait, OnlyKeys, RowLimit, Sandboxed
from reverse_etl.cli.stop_signal import StopOnSignal

ThreadsOption = Annotated[
    int | None, typer.Option("--threads", metavar="N", help="Requests at the same time (setting `concurrency`).")
]
FailFastOption = Annotated[
    bool,
    typer.Option(
        "--fail-fast", "-x", envvar="REVERSE_ETL_FAIL_FAST", help="Skip the other syncs after one that fails."
    ),
]
MaxRuntimeOption = Annotated[
    str | None,
    typer.Option(
        "--max-runtime",
        metavar="SECONDS",
        help="Send nothing more after this time, such as 1800 or 30m; the rest waits for the next run.",
    ),
]


def run(
    session: Session,
    full_refresh: FullRefresh = False,
    full_comparison: FullComparison = False,
    threads: ThreadsOption = None,
    fail_fast: FailFastOption = False,
    wait: LeaseWait = None,
    limit: RowLimit = None,
    only: OnlyKeys = None,
    max_runtime: MaxRuntimeOption = None,
    sandbox: Sandboxed = False,
) -> int:
    """Send the changed rows to Iterable. Added, changed and removed rows are sent, accepted ones are committed."""
    console = session.console
    project = session.project(sandbox=sandbox)
    with StopOnSignal(quiet=console.log_flags.quiet) as stop:
        results = project.run(
            **session.selection,
            full_refresh=full_refresh,
            full_comparison=full_comparison,
            fail_fast=fail_fast,
            threads=threads,
            wait=wait,
            limit=limit,
            only=only or (),
            max_runtime=max_runtime,
            stop=stop.is_asked,
        )
        console.summary(results, results.file, sandbox=sandbox)
    if results.file_error is not None:
        console.fail(results.file_error)
    return 2 if results.problems else 0 if results.succeeded else 1
