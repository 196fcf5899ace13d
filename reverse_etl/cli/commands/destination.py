"""`destination accept`: say that a sync snapshot belongs to the present destination, for example after a new key."""

from __future__ import annotations

from typing import Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.cli.options import Sandboxed


def accept_destination(
    session: Session,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="NAME", help="The host or project, typed, if it is another one than before."),
    ] = None,
    relation: Annotated[
        list[str] | None,
        typer.Option("--relation", metavar="RELATION", help="The model's relation, if it was renamed; `*` is allowed."),
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", "-f", help="Let the next run send every row again.")
    ] = False,
    sandbox: Sandboxed = False,
) -> int:
    """Accept the destination; send nothing. Its host, project and key then count as the ones that accepted the rows."""
    project = session.project(sandbox=sandbox)
    accepted = project.accept_destination(
        **session.selection, to=to or (), relations=relation or (), full_refresh=full_refresh
    )
    session.console.lines(one.message for one in accepted)
    return session.print_errors(accepted.errors, partial=accepted.is_partial)
