"""`list`: the syncs of a project as dbt's manifest has them; opens no connection."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.errors import all_of


class ListOutput(str, Enum):
    """How much is printed of each sync."""

    TEXT = "text"
    JSON = "json"
    NAME = "name"


def list_syncs(
    session: Session,
    output: Annotated[ListOutput, typer.Option("--output", help="`name` prints one name a line.")] = ListOutput.TEXT,
) -> int:
    """List the syncs that the models define."""
    from reverse_etl.report.sync_lists import broken_dict, sync_dict, sync_lines

    console = session.console
    definitions = session.project().list(**session.selection)
    syncs, broken = definitions.syncs, definitions.broken
    faults = list({(one.message, one.hint): one for each in broken for one in each.faults}.values())
    if broken and not syncs:
        raise all_of(faults)
    code = session.print_errors(faults, partial=True)
    if console.is_json or output is ListOutput.JSON:
        content = {"syncs": [sync_dict(sync) for sync in syncs], "broken": [broken_dict(one) for one in broken]}
        console.json(content, indent=2)
    elif output is ListOutput.NAME:
        console.lines(sync.name for sync in syncs)
    elif syncs:
        console.lines(sync_lines(syncs))
    return code
