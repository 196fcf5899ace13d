"""`list`: the syncs of a project as dbt's manifest has them; opens no connection."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.session import Session
from reverse_etl.cli.triage import Triage
from reverse_etl.report.failures import problem_dict, problems_of
from reverse_etl.report.tables import table

if TYPE_CHECKING:
    from reverse_etl.sync import BrokenSync, Sync


class ListOutput(str, Enum):
    """How much is said of each sync."""

    TEXT = "text"
    JSON = "json"
    NAME = "name"


def list_(
    session: Session,
    output: Annotated[ListOutput, typer.Option("--output", help="`name` prints one name a line.")] = ListOutput.TEXT,
) -> None:
    """List the syncs that the models define."""
    console = session.console
    triage = Triage(session, destinations=False)
    triage.tell()
    syncs, broken = triage.definitions.syncs, triage.definitions.broken
    if console.is_json or output is ListOutput.JSON:
        content = {"syncs": [_as_dict(sync) for sync in syncs], "broken": [_broken_dict(one) for one in broken]}
        console.json(content, indent=2)
    elif output is ListOutput.NAME:
        console.lines(sync.name for sync in syncs)
    elif syncs:
        headers = ["sync", "model", "object", "mode", "destination", "target", "database", "relation", "fields"]
        console.lines(table(headers, [_as_row(sync) for sync in syncs]))


def _broken_dict(one: BrokenSync) -> dict[str, object]:
    problems = [problem_dict(problem) for fault in one.faults for problem in problems_of(fault)]
    return {"sync": one.name, "model": one.unique_id, "file": one.file, "problems": problems}


def _as_row(sync: Sync) -> list[object]:
    fields = "every other column" if sync.fields is None else ", ".join(item.path for item in sync.fields)
    where = [sync.destination, sync.target, sync.database, sync.relation]
    return [sync.name, sync.model, sync.object, sync.mode, *where, fields]


def _as_dict(sync: Sync) -> dict[str, object]:
    fields = None if sync.fields is None else {item.path: item.column for item in sync.fields}
    return {
        "sync": sync.name,
        "model": sync.unique_id,
        "file": sync.file,
        "object": sync.object,
        "mode": sync.mode,
        "destination": sync.destination,
        "target": sync.target or None,
        "database": sync.database or None,
        "relation": sync.relation,
        "identifiers": dict(sync.identifiers),
        "primary_key": list(sync.primary_key),
        "fields": fields,
        "on_removed": sync.on_removed,
    }
