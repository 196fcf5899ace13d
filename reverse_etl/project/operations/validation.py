"""`validate`: everything that can be found wrong before a run, offline, or with the warehouse and the destination."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from reverse_etl.errors import Faults, ReverseEtlError
from reverse_etl.project.project_types import common_faults, conflicts_between, faults_by_type, possible_types
from reverse_etl.project.session import ProjectSession
from reverse_etl.report.inspections import Finding
from reverse_etl.run.checks.field_inspection import inspect_fields
from reverse_etl.run.checks.rename_check import rename_warning
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import resolve_sync
from reverse_etl.sync import BrokenSync, Sync
from reverse_etl.warehouses.base import Reader


def validate_syncs(session: ProjectSession, *, online: bool) -> list[Finding]:
    """Return what was found about each selected sync. `online`: also ask the warehouse and the destination.

    What is wrong with a sync is in its finding. Raises ConfigError if dbt's files cannot be read, WarehouseError if
    the warehouse cannot be opened.
    """
    findings = [
        Finding(one, list(one.faults) if isinstance(one, BrokenSync) else []) for one in session.select_definitions()
    ]
    _check_offline(session, findings)
    if online:
        for finding in findings:
            finding.errors += finding.unset
        _check_online(session, [finding for finding in findings if not finding.errors])
    return findings


def _check_offline(session: ProjectSession, findings: Sequence[Finding]) -> None:
    """Find destinations that cannot be used, and what cannot work in a project of their types."""
    known = []
    for finding in findings:
        sync = finding.sync
        if isinstance(sync, BrokenSync):
            continue
        try:
            offline = session.context.offline_destination(sync.destination)
        except ReverseEtlError as error:
            finding.errors.append(error)
            continue
        finding.unset = offline.unset
        finding.not_checked += [f"not checked: {error.message}" for error in offline.unset]
        if not offline.unset:
            finding.errors += session.destination_errors(sync.destination)
        _check_types(session, finding, sync, offline.project_types)
        if len(offline.project_types) == 1:
            known.append((sync, offline.project_types[0]))
    warnings = conflicts_between(known, session.context.vendor)
    for finding in findings:
        finding.about_people = warnings.get(finding.sync.name, "")


def _check_types(session: ProjectSession, finding: Finding, sync: Sync, types: Sequence[str]) -> None:
    """Find what is wrong in a project of this type; if it may be one of several, what is wrong in all of them."""
    vendor = session.context.vendor(sync.destination)
    faults = faults_by_type(sync, vendor)
    if len(types) == 1:
        finding.errors += faults[types[0]]
        return
    finding.errors += common_faults(faults)
    possible = possible_types([sync], vendor)
    if len(possible) < len(types):
        finding.not_checked.append(f"works in a project of type {' or '.join(possible) or '…'} only")


def _check_online(session: ProjectSession, findings: Sequence[Finding]) -> None:
    environment = session.make_environment()
    with session.open_warehouse(read_only=True) as warehouse:
        for finding in findings:
            finding.errors += _errors_of(partial(_inspect, session, finding, warehouse, environment))


def _inspect(session: ProjectSession, finding: Finding, reader: Reader, environment: RunEnvironment) -> None:
    """Look at the columns, then ask the destination. Raises what is wrong."""
    if isinstance(finding.sync, BrokenSync):
        return
    destination = session.destination(finding.sync.destination)
    runnable = resolve_sync(finding.sync, destination, reader, session.known_fields(reader, finding.sync))
    if reader.columns(session.tables(reader, finding.sync).lease) is None:
        mine = replace(environment, settings=session.context.settings_of(finding.sync))
        finding.about_name = rename_warning(runnable, reader, mine)
    client = environment.connections.client(destination)
    try:
        finding.inspection = inspect_fields(runnable, reader, environment.make_caller(client, destination))
    finally:
        client.close()


def _errors_of(check: Callable[[], None]) -> Sequence[ReverseEtlError]:
    try:
        check()
    except Faults as faults:
        return faults.faults
    except ReverseEtlError as error:
        return [error]
    return []
