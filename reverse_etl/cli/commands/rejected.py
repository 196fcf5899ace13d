"""`rejected` and `requeue`: rows that were held back or refused, and how they are sent again."""

from __future__ import annotations

from typing import Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.cli.options import Output, OutputFormat, Sandboxed, ShowValues
from reverse_etl.counting import plural


def list_rejected(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows of each sync, the newest first.")] = 100,
    show_values: ShowValues = False,
    output: OutputFormat = Output.TEXT,
    sandbox: Sandboxed = False,
) -> None:
    """List the rows that were not accepted. They are invalid, rejected by Iterable, skipped, or failed."""
    from reverse_etl.report.held_rows import held_row_dict, held_row_lines

    console = session.console
    rows = [
        (one.sync, one.rejection) for one in session.project(sandbox=sandbox).rejected(**session.selection, limit=limit)
    ]
    if console.is_json or output is Output.JSON:
        listed = [held_row_dict(sync, held, show_values=show_values) for sync, held in rows]
        console.json({"rejected": listed}, indent=2)
    elif rows:
        console.lines(held_row_lines(rows, show_values=show_values))
    else:
        console.say("NothingHeldBack", "no row is held back")


def requeue_refused(
    session: Session,
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="E-mails or user ids; none: all rows of the syncs.")
    ] = None,
    sandbox: Sandboxed = False,
) -> int:
    """Send refused rows again. The next run sends rejected and skipped rows, although they did not change."""
    requeued = session.project(sandbox=sandbox).requeue(keys or (), **session.selection)
    session.console.lines(f"sync {one.sync}: {plural(one.rows, 'refusal')} requeued" for one in requeued)
    return session.print_errors(requeued.errors, partial=requeued.is_partial)
