"""`status` and `history`: what the warehouse remembers of each sync. They need no API key and write nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.cli.options import Output, OutputFormat, Sandboxed


def show_status(session: Session, output: OutputFormat = Output.TEXT, sandbox: Sandboxed = False) -> int:
    """Show how each sync stands. Its last run, what was accepted and held back, and who runs it now."""
    from reverse_etl.report.stored_states import listed_state_dict, orphan_line
    from reverse_etl.report.sync_states import state_lines, sync_state_dict

    console = session.console
    states = session.project(sandbox=sandbox).status(**session.selection)
    code = session.print_errors(states.errors, partial=states.is_partial)
    if console.is_json or output is Output.JSON:
        orphans = [listed_state_dict(one) for one in states.orphans]
        if states or orphans or code:
            console.json({"syncs": [sync_state_dict(one) for one in states], "orphans": orphans}, indent=2)
        return code
    for state in states:
        console.lines([*state_lines(state), ""])
    console.lines(orphan_line(one) for one in states.orphans)
    return code


def show_history(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Runs of each sync, the newest first.")] = 10,
    output: OutputFormat = Output.TEXT,
    sandbox: Sandboxed = False,
) -> None:
    """Show the last runs of each sync."""
    from reverse_etl.report.sync_states import history_lines, run_dict

    console = session.console
    runs = session.project(sandbox=sandbox).history(**session.selection, limit=limit)
    if runs.syncs and (console.is_json or output is Output.JSON):
        console.json({"runs": [{"sync": one.sync, **run_dict(one.run)} for one in runs]}, indent=2)
    elif runs:
        console.lines(history_lines([(one.sync, one.run) for one in runs]))
    elif runs.syncs:
        console.say("NoRuns", "no sync has run yet")
