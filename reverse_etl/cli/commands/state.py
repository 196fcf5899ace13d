"""`state list`, `state prune` and `state reset`: what is stored of syncs, and how it is deleted on purpose."""

from __future__ import annotations

from typing import Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.cli.options import Output, OutputFormat, Sandboxed
from reverse_etl.counting import plural
from reverse_etl.report.redaction import printable


def list_states(session: Session, output: OutputFormat = Output.TEXT, sandbox: Sandboxed = False) -> None:
    """List what is stored of each sync. Syncs without a definition are marked."""
    from reverse_etl.report.stored_states import listed_state_dict, listed_state_lines

    console = session.console
    states = session.project(sandbox=sandbox).list_states(allow=session.selection["allow"])
    if console.is_json or output is Output.JSON:
        console.json({"states": [listed_state_dict(one) for one in states]}, indent=2)
    elif states:
        console.lines(listed_state_lines(states))
    else:
        console.say("NoStates", "no sync has run yet")


def prune_state(
    session: Session,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SYNC]...", help="Only these, including syncs of another project or target."),
    ] = None,
    sandbox: Sandboxed = False,
) -> None:
    """Delete the state of undefined syncs. Nothing is sent, and nothing changes in Iterable."""
    for one in session.project(sandbox=sandbox).prune_states(names or (), allow=session.selection["allow"]):
        session.console.lines([f"sync {printable(one.sync)}: {plural(one.entries, 'entry', 'entries')} deleted"])


def reset_state(session: Session, sandbox: Sandboxed = False) -> int:
    """Reset the selected syncs. What was accepted is forgotten, so the next run sends every row."""
    done = session.project(sandbox=sandbox).reset_states(**session.selection)
    for one in done:
        forgotten = f"{plural(one.entries, 'entry', 'entries')} forgotten; the next run sends every row"
        session.console.lines([f"sync {printable(one.sync)}: {forgotten}"])
    return session.print_errors(done.errors, partial=done.is_partial)
