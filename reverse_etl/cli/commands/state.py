"""`state list`, `state prune` and `state reset`: what is kept of syncs, and how it is deleted on purpose."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.options import Output, OutputFormat, Sandboxed, SandboxUse
from reverse_etl.cli.session import Session
from reverse_etl.cli.triage import Triage
from reverse_etl.counting import plural
from reverse_etl.errors import ConfigError
from reverse_etl.report.redaction import printable
from reverse_etl.report.tables import table

if TYPE_CHECKING:
    from reverse_etl.snapshot.stored_syncs import StoredState

_HEADERS = ("sync", "defined", "entries", "last run (UTC)", "status", "relation", "destination")


def list_states(session: Session, output: OutputFormat = Output.TEXT, sandbox: Sandboxed = False) -> None:
    """List what is kept of each sync. Those that no definition names are marked."""
    from reverse_etl.snapshot.stored_syncs import stored_states

    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    with session.warehouse(read_only=True) as reader:
        states = stored_states(reader, session.project.settings.state_schema)
    rows = [state_dict(session, state) for state in states]
    if session.console.is_json or output is Output.JSON:
        session.console.json({"states": rows}, indent=2)
    elif rows:
        shown = [["" if cell is None else printable(str(cell)) for cell in row.values()] for row in rows]
        session.console.lines(table(_HEADERS, shown))
    else:
        session.console.say("NoStates", "no sync has run yet")


def prune(
    session: Session,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SYNC]...", help="Only these; also those of another project or target."),
    ] = None,
    sandbox: Sandboxed = False,
) -> None:
    """Delete what is kept of syncs that no definition names. Nothing is sent, and nothing changes in Iterable."""
    from reverse_etl.snapshot.stored_syncs import drop_state, orphans

    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    with session.warehouse(read_only=False) as warehouse:
        found = orphans(warehouse, session.project.settings.state_schema, defined_names(session))
        chosen = [state for state in found if (state.name in names if names else is_of_target(session, state))]
        _refuse_unknown(names or (), found)
        for state in chosen:
            _refuse_running(session, state)
            drop_state(warehouse, state)
            session.console.lines(
                [f"sync {printable(state.name)}: {plural(state.entries, 'entry', 'entries')} deleted"]
            )
    for state in found:
        if not names and state not in chosen:
            hint = f"to delete it, run `reverse-etl state prune '{printable(state.name)}'`"
            session.console.say("StateKept", f"`{printable(state.name)}` {_owner(session, state)}; {hint}", "warn")
    if not found:
        session.console.say("NothingToPrune", "every sync that has run has its definition")


def reset(session: Session, sandbox: Sandboxed = False) -> None:
    """Start the selected syncs again. What was accepted is forgotten, so the next run sends every row."""
    from reverse_etl.project.wiring import RunOptions, wire
    from reverse_etl.run.maintenance.reset_state import reset_sync

    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    if not session.project.flags.select:
        raise ConfigError(
            "selection-required",
            "`state reset` forgets what was accepted, so it needs to know of which syncs",
            context={"selected": "nothing"},
            hint="Name them: `reverse-etl state reset --select SYNC`.",
        )
    triage = Triage(session)
    if triage.failure is not None:
        raise triage.failure
    environment = wire(session.project, session.console.tell, RunOptions())
    with session.warehouse(read_only=False) as warehouse:
        triage.fit(warehouse)
        triage.tell()
        for name, ready in triage.ready.items():
            for entries in session.attempt(partial(reset_sync, ready, warehouse, environment)):
                forgotten = f"{plural(entries, 'entry', 'entries')} forgotten; the next run sends every row"
                session.console.lines([f"sync {printable(name)}: {forgotten}"])


def defined_names(session: Session) -> set[str]:
    """The names of all definitions, those too that cannot run."""
    return {one.name for one in session.project.definitions}


def is_ours(session: Session, state: StoredState) -> bool:
    """Whether a state is of this dbt project: several projects may share one schema."""
    packages = {unique_id.split(".")[1] for unique_id in session.project.manifest.nodes}
    return state.package in packages


def is_of_target(session: Session, state: StoredState) -> bool:
    """Return whether a state is this project's, and this target's: other targets may have definitions of their own."""
    return is_ours(session, state) and state.source.get("target") in (None, "", session.project.target)


def state_dict(session: Session, state: StoredState) -> dict[str, object]:
    """What is told of one state."""
    run, defined = state.last_run, state.name in defined_names(session)
    return {
        "sync": state.name,
        "defined": "yes" if defined else "no" if is_ours(session, state) else "not in this project",
        "entries": state.entries,
        "last_run": run.ended_at if run is not None else None,
        "status": run.status if run is not None else None,
        "relation": state.source.get("relation"),
        "destination": state.remembered.get("host"),
    }


def _owner(session: Session, state: StoredState) -> str:
    if is_ours(session, state):
        return f"belongs to target `{printable(str(state.source['target']))}`"
    return "is of another dbt project, or its project is not known"


def _refuse_unknown(names: list[str] | tuple[str, ...], found: list[StoredState]) -> None:
    strange = [name for name in names if name not in {state.name for state in found}]
    if strange:
        raise ConfigError(
            "unknown-state",
            f"there is nothing to delete of `{strange[0]}`: it has never run, or a definition has this name",
            context={"without a definition": ", ".join(state.name for state in found) or "none"},
            hint="See `reverse-etl state list`. To start a sync again that has a definition, run `state reset`.",
        )


def _refuse_running(session: Session, state: StoredState) -> None:
    lease, late = state.lease, session.project.settings.late_request_bound
    if lease is not None and lease.holder is not None and lease.free_in(late) > 0:
        raise ConfigError(
            "state-in-use",
            f"`{state.name}` is in use: a run of it may be alive",
            context={"free in": f"{lease.free_in(late):.0f} s"},
            hint="Stop that run, or wait until its lease is free.",
        )
