"""`validate`: everything that can be found wrong before a run, offline, or with the warehouse and Iterable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.cli.options import Output, OutputFormat, Sandboxed
from reverse_etl.errors import ReverseEtlError, all_of
from reverse_etl.events import Event

if TYPE_CHECKING:
    from reverse_etl import Finding


def validate(
    session: Session,
    online: Annotated[
        bool, typer.Option("--online", help="Also check columns in the warehouse and field types in Iterable.")
    ] = False,
    sandbox: Sandboxed = False,
    output: OutputFormat = Output.TEXT,
) -> int:
    """Check definitions, settings, destinations. With --online, the warehouse and Iterable too."""
    from reverse_etl.report.inspections import finding_dict, finding_lines

    console = session.console
    findings = session.project(sandbox=sandbox).validate(**session.selection, online=online)
    for finding in findings:
        for warning in finding.warnings:
            name = finding.sync.name
            console.print_event(Event("FieldWarning", f"sync `{name}`: {warning}", "warn", name))
    if console.is_json or output is Output.JSON:
        console.json({"syncs": [finding_dict(finding) for finding in findings]}, indent=2)
    else:
        for finding in findings:
            if not finding.errors:
                console.lines(finding_lines(finding, console.colour("ok", "ok")))
    errors = _errors(findings)
    if errors:
        console.fail(all_of(errors))
    return max((error.exit_code for error in errors), default=0)


def _errors(findings: Sequence[Finding]) -> list[ReverseEtlError]:
    """Return everything that is wrong, once."""
    return list({error.message: error for finding in findings for error in finding.errors}.values())
