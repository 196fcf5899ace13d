"""`destination accept`: say that a sync snapshot belongs to the present destination, as after a new key."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from reverse_etl.cli.options import Sandboxed, SandboxUse
from reverse_etl.cli.session import Session
from reverse_etl.cli.triage import Triage


def accept(
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
) -> None:
    """Accept the destination; send nothing. Its host, project and key count as those that took the rows."""
    from reverse_etl.project.wiring import RunOptions, wire
    from reverse_etl.run.maintenance.accept_destination import Acceptance, TypedNames

    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    triage = Triage(session)
    if triage.failure is not None:
        raise triage.failure
    if not triage.open:
        return
    typed = TypedNames(to or (), relation or (), full_refresh)
    environment = wire(session.project, session.console.tell, RunOptions())
    with session.warehouse(read_only=False) as warehouse:
        triage.fit(warehouse)
        triage.tell()
        for ready in triage.ready.values():
            mine = replace(environment, settings=session.project.settings_of(ready.sync))
            session.console.lines(session.attempt(Acceptance(ready, warehouse, mine, typed).accept))
