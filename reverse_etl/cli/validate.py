"""`validate`: whatever can be found wrong before a run: offline, or with a look at the warehouse and Iterable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.options import Sandboxed, SandboxUse
from reverse_etl.cli.session import Session
from reverse_etl.errors import ConfigError, Faults, ReverseEtlError
from reverse_etl.report.redaction import printable

if TYPE_CHECKING:
    from reverse_etl.run.ready import Ready, Wiring
    from reverse_etl.sync import Sync


def validate(
    session: Session,
    online: Annotated[
        bool, typer.Option("--online", help="Also columns in the warehouse and field types in Iterable.")
    ] = False,
    sandbox: Sandboxed = False,
) -> int:
    """Check definitions, settings, destinations. With --online, the warehouse and Iterable too."""
    session.use_sandbox(SandboxUse.ASK if online else SandboxUse.LOOK, wanted=sandbox)
    syncs = session.syncs()
    found = [*_destination_faults(session, syncs), *_definition_faults(session, syncs)]
    if online and syncs and not found:
        found = _online_faults(session, syncs)
    if not found:
        for sync in syncs:
            checked = "definition, destination, columns and field types" if online else "definition and destination"
            session.console.lines([session.console.coloured("ok", "ok") + f"  sync {printable(sync.name)}: {checked}"])
        return 0
    session.console.fail(found[0] if len(found) == 1 else Faults(found))
    return max(error.exit_code for error in found)


def _destination_faults(session: Session, syncs: Sequence[Sync]) -> list[ReverseEtlError]:
    """One error for each destination that cannot be used."""
    first = {sync.destination: sync for sync in reversed(syncs)}
    return _collected([partial(session.check_destinations, [sync]) for sync in first.values()])


def _definition_faults(session: Session, syncs: Sequence[Sync]) -> list[ReverseEtlError]:
    """What in the definitions cannot work in a project of the destination's type."""
    from reverse_etl.iterable import OBJECTS
    from reverse_etl.iterable.base import ProjectType

    faults: list[ReverseEtlError] = []
    for sync in syncs:
        try:
            project = ProjectType(session.destination(sync.destination).project_type)
        except ConfigError:
            continue  # told once, with its destination
        faults += OBJECTS[sync.object].check(sync, project)
    return faults


def _online_faults(session: Session, syncs: Sequence[Sync]) -> list[ReverseEtlError]:
    from reverse_etl.assemble import RunOptions, wire
    from reverse_etl.run.ready import make_all_ready

    wiring = wire(session.project, session.console.tell, RunOptions())
    with session.warehouse(read_only=True) as warehouse:
        ready, errors = make_all_ready(syncs, session.destination, warehouse)
    return [*errors, *_collected([partial(_check_types, session, one, wiring) for one in ready])]


def _check_types(session: Session, ready: Ready, wiring: Wiring) -> None:
    """Ask Iterable for the types of its fields. Raises DestinationError."""
    client = wiring.client(ready.destination)
    try:
        found = ready.noun.inspect(ready.subject, wiring.questions(client, ready.destination))
    finally:
        client.close()
    for warning in found.warnings:
        session.console.say("TypesUnknown", f"sync `{ready.sync.name}`: {warning}", "warn")


def _collected(checks: Sequence[Callable[[], None]]) -> list[ReverseEtlError]:
    errors: list[ReverseEtlError] = []
    for check in checks:
        try:
            check()
        except ReverseEtlError as error:  # noqa: PERF203  each failure is one of several to tell
            errors.append(error)
    return errors
