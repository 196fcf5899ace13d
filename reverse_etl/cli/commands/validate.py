"""`validate`: whatever can be found wrong before a run: offline, or with a look at the warehouse and Iterable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.options import Output, OutputFormat, Sandboxed, SandboxUse
from reverse_etl.cli.session import Session
from reverse_etl.errors import Faults, ReverseEtlError
from reverse_etl.events import Event
from reverse_etl.sync import BrokenSync, Sync

if TYPE_CHECKING:
    from reverse_etl.report.inspections import Finding
    from reverse_etl.run.environment import RunEnvironment
    from reverse_etl.warehouses.base import Reader


def validate(
    session: Session,
    online: Annotated[
        bool, typer.Option("--online", help="Also columns in the warehouse and field types in Iterable.")
    ] = False,
    sandbox: Sandboxed = False,
    output: OutputFormat = Output.TEXT,
) -> int:
    """Check definitions, settings, destinations. With --online, the warehouse and Iterable too."""
    from reverse_etl.report.inspections import Finding

    session.use_sandbox(SandboxUse.ASK if online else SandboxUse.LOOK, wanted=sandbox)
    selected = session.selected()
    findings = [Finding(one, list(one.faults) if isinstance(one, BrokenSync) else []) for one in selected]
    _check_offline(session, findings)
    if online:
        for finding in findings:
            finding.errors += finding.unset
        _check_online(session, [finding for finding in findings if not finding.errors])
    return _told(session, findings, as_json=session.console.is_json or output is Output.JSON)


def _told(session: Session, findings: Sequence[Finding], *, as_json: bool) -> int:
    """Print what was found; the exit code."""
    from reverse_etl.report.inspections import finding_dict, finding_lines

    console = session.console
    for finding in findings:
        for warning in finding.warnings:
            name = finding.sync.name
            console.tell(Event("FieldWarning", f"sync `{name}`: {warning}", "warn", name))
    if as_json:
        console.json({"syncs": [finding_dict(finding) for finding in findings]}, indent=2)
    else:
        for finding in findings:
            if not finding.errors:
                console.lines(finding_lines(finding, console.coloured("ok", "ok")))
    errors = _errors(findings)
    if errors:
        console.fail(errors[0] if len(errors) == 1 else Faults(errors))
    return max((error.exit_code for error in errors), default=0)


def _errors(findings: Sequence[Finding]) -> list[ReverseEtlError]:
    """Everything that is wrong, once."""
    told = {error.message: error for finding in findings for error in finding.errors}
    return list(told.values())


def _check_offline(session: Session, findings: Sequence[Finding]) -> None:
    """Destinations that cannot be used, and what cannot work in a project of their types."""
    from reverse_etl.destinations.iterable.people import identified_otherwise

    known = []
    for finding in findings:
        sync = finding.sync
        if isinstance(sync, BrokenSync):
            continue
        try:
            offline = session.project.offline_destination(sync.destination)
        except ReverseEtlError as error:
            finding.errors.append(error)
            continue
        finding.unset = offline.unset
        finding.not_checked += [f"not checked: {error.message}" for error in offline.unset]
        if not offline.unset:
            finding.errors += session.destination_errors(sync.destination)
        _check_types(finding, sync, offline.project_types)
        if len(offline.project_types) == 1:
            known.append((sync, offline.project_types[0]))
    warnings = identified_otherwise(known)
    for finding in findings:
        finding.about_people = warnings.get(finding.sync.name, "")


def _check_types(finding: Finding, sync: Sync, types: Sequence[str]) -> None:
    """What is wrong in a project of this type; if it may be one of several, what is wrong in all of them."""
    from reverse_etl.project.project_types import faults_by_type, faults_everywhere, possible_types

    faults = faults_by_type(sync)
    if len(types) == 1:
        finding.errors += faults[types[0]]
        return
    finding.errors += faults_everywhere(faults)
    possible = possible_types([sync])
    if len(possible) < len(types):
        finding.not_checked.append(f"works in a project of type {' or '.join(possible) or '…'} only")


def _check_online(session: Session, findings: Sequence[Finding]) -> None:
    from reverse_etl.project.wiring import RunOptions, wire

    environment = wire(session.project, session.console.tell, RunOptions())
    with session.warehouse(read_only=True) as warehouse:
        for finding in findings:
            finding.errors += _caught(partial(_inspect, session, finding, warehouse, environment))


def _inspect(session: Session, finding: Finding, reader: Reader, environment: RunEnvironment) -> None:
    """Look at the columns, then ask Iterable. Raises whatever is wrong."""
    from reverse_etl.run.field_inspection import inspect_fields
    from reverse_etl.run.runnable_sync import resolve_sync

    if isinstance(finding.sync, BrokenSync):
        return
    destination = session.destination(finding.sync.destination)
    ready = resolve_sync(finding.sync, destination, reader)
    client = environment.connections.client(destination)
    try:
        finding.inspection = inspect_fields(ready, reader, environment.questions(client, destination))
    finally:
        client.close()


def _caught(check: Callable[[], None]) -> Sequence[ReverseEtlError]:
    try:
        check()
    except Faults as faults:
        return faults.faults
    except ReverseEtlError as error:
        return [error]
    return []
