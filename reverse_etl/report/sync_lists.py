"""The definitions of a project: as a table for people, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from reverse_etl.report.failures import problem_dict, problems_of
from reverse_etl.report.tables import table
from reverse_etl.sync import BrokenSync, Sync

_HEADERS = ("sync", "model", "object", "mode", "destination", "target", "database", "relation", "fields")


def sync_lines(syncs: Sequence[Sync]) -> list[str]:
    """Return the syncs as a table."""
    return table(_HEADERS, [_cells(sync) for sync in syncs])


def sync_dict(sync: Sync) -> dict[str, object]:
    """Return one sync as JSON."""
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


def broken_dict(one: BrokenSync) -> dict[str, object]:
    """Return one definition that cannot run, as JSON."""
    problems = [problem_dict(problem) for fault in one.faults for problem in problems_of(fault)]
    return {"sync": one.name, "model": one.unique_id, "file": one.file, "problems": problems}


def _cells(sync: Sync) -> list[object]:
    fields = "every other column" if sync.fields is None else ", ".join(item.path for item in sync.fields)
    where = [sync.destination, sync.target, sync.database, sync.relation]
    return [sync.name, sync.model, sync.object, sync.mode, *where, fields]
