"""The run history: one row for each run of a sync, so that `status` can show what happened last."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reverse_etl.errors import WarehouseError
from reverse_etl.snapshot.tables import SCHEMA_VERSION, Tables, origin_columns, widen_table
from reverse_etl.warehouses.base import Reader, Warehouse

# Counts that only the history has: rows that the destination removed, and whether `--allow removed` was given.
REMOVALS, ALLOWED_REMOVALS = "removals", "removals_allowed"
# The count that says that a run was a baseline: 1.
BASELINE = "baseline"
# The count that says that a run did not compare, because the model had not changed: 1.
NOT_COMPARED = "not_compared"
# The status of a row that records a reset of the sync.
RESET = "reset"
# Warehouses write as many digits of a second as there are, and some a zone, which is UTC.
_TIME = re.compile(r"(\d+-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?.*")
# The status of a row about a run that crashed while guards were allowed. The run that recovers it writes the row.
CRASHED = "crashed"


@dataclass(frozen=True)
class RunOrigin:
    """Who started a run, and what was allowed.

    `allowed` are the guards after `--allow`. `overrode` are the allowed guards that would have stopped the run, without
    guards that are not checked while they are allowed.
    """

    user: str = ""
    host: str = ""
    allowed: tuple[str, ...] = ()
    overrode: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunRow:
    """One recorded run. Times are UTC text, with microseconds if they were read.

    `origin` is empty for runs of earlier versions.
    """

    invocation_id: str
    fence: int
    status: str
    started_at: str
    ended_at: str
    counts: Mapping[str, int]
    problem: str | None
    origin: RunOrigin = field(default_factory=RunOrigin)


def record_run(warehouse: Warehouse, tables: Tables, row: RunRow) -> None:
    """Record one run, which ended now by the warehouse's clock."""
    try:
        _insert_run(warehouse, tables, row)
    except WarehouseError:
        # A table of an earlier version is widened when it is first needed, so that no run has to look for it.
        if not widen_runs(warehouse, tables):
            raise
        _insert_run(warehouse, tables, row)


def widen_runs(warehouse: Warehouse, tables: Tables) -> bool:
    """Add columns that a table of an earlier version lacks. Return whether it lacked any."""
    there = {column.name.lower() for column in warehouse.columns(tables.runs) or ()}
    missing = [column for column in origin_columns(warehouse.dialect) if there and column[0] not in there]
    for statement in widen_table(warehouse.dialect, tables.runs, missing):
        warehouse.execute(statement)
    return bool(missing)


def _insert_run(warehouse: Warehouse, tables: Tables, row: RunRow) -> None:
    d, origin = warehouse.dialect, row.origin
    warehouse.execute(
        f"INSERT INTO {tables.runs}"
        " (schema_version, sync, invocation_id, fence, status, started_at, ended_at, counts, problem,"
        " user_name, host, allowed, overrode)"
        # Snowflake's VALUES accept only constant expressions.
        f" SELECT {SCHEMA_VERSION}, ?, ?, ?, ?, CAST(? AS {d.timestamp_type}), {d.now()}, ?, ?, ?, ?, ?, ?",
        (
            tables.sync,
            row.invocation_id,
            row.fence,
            row.status,
            row.started_at,
            json.dumps(dict(row.counts)),
            row.problem,
            origin.user,
            origin.host,
            ", ".join(origin.allowed),
            ", ".join(origin.overrode),
        ),
    )


def recent_runs(reader: Reader, tables: Tables, seconds: float) -> dict[str, float]:
    """Return the syncs that sent rows within these seconds, and the seconds since their last such run ended."""
    d = reader.dialect
    rows = reader.query(
        f"SELECT sync, {d.epoch(d.now())} - {d.epoch('ended_at')}, counts FROM {tables.runs}"
        f" WHERE ended_at > {d.add_seconds(d.now(), -seconds)}"
    )
    ages: dict[str, float] = {}
    for sync, age, text in rows:
        counts = json.loads(text or "{}")
        if counts.get("accepted") or counts.get("failed"):
            ages[sync] = min(max(0.0, float(age)), ages.get(sync, seconds))
    return ages


def recent_removals(reader: Reader, tables: Tables, hours: float) -> int:
    """Return how many rows the runs of the last hours removed, since the last run with allowed removals."""
    if reader.columns(tables.runs) is None:
        return 0
    d = reader.dialect
    rows = reader.query(
        f"SELECT counts FROM {tables.runs} WHERE sync = ? AND counts LIKE ?"
        f" AND ended_at > {d.add_seconds(d.now(), -3600 * hours)} ORDER BY ended_at DESC, fence DESC",
        (tables.sync, f'%"{REMOVALS}%'),
    )
    removed = 0
    for (text,) in rows:
        counts = json.loads(text or "{}")
        if counts.get(ALLOWED_REMOVALS):
            break
        removed += int(counts.get(REMOVALS, 0))
    return removed


def had_accepted_rows(reader: Reader, tables: Tables) -> bool:
    """Return whether a run got rows of the sync accepted, or adopted them, since the sync was last reset."""
    if reader.columns(tables.runs) is None:
        return False
    rows = reader.query(
        f"SELECT status FROM {tables.runs} WHERE sync = ? AND (status = ? OR (counts LIKE ? AND counts NOT LIKE ?)"
        " OR (counts LIKE ? AND counts NOT LIKE ?)) ORDER BY ended_at DESC, fence DESC LIMIT 1",
        (tables.sync, RESET, *_count_above_zero("accepted"), *_count_above_zero("adopted")),
    )
    return bool(rows) and rows[0][0] != RESET


def _count_above_zero(name: str) -> tuple[str, str]:
    """Return a pattern that texts of counts with this count match, and one that those with the count 0 match."""
    return f'%"{name}": %', f'%"{name}": 0,%'


def prune_runs(warehouse: Warehouse, tables: Tables, days: float, most: int) -> bool:
    """Delete runs of a sync that are older than some days, and the oldest runs beyond `most`, counting the next run.

    Return whether the table of runs exists. The one statement costs no more than a look for the table.
    """
    d = warehouse.dialect
    old = f"ended_at < {d.add_seconds(d.now(), -86_400 * days)}"
    newest = f"SELECT ended_at FROM {tables.runs} WHERE sync = ? ORDER BY ended_at DESC LIMIT {int(most) - 1}"
    surplus = f"ended_at < coalesce((SELECT min(ended_at) FROM ({newest}) newest), {d.now()})"
    delete = f"DELETE FROM {tables.runs} WHERE sync = ? AND ({old} OR {surplus})"
    try:
        warehouse.execute(delete, (tables.sync, tables.sync))
    except WarehouseError as error:
        if error.code != "relation-not-found":
            raise
        return False
    return True


def last_runs(reader: Reader, tables: Tables, limit: int) -> list[RunRow]:
    """Return the newest runs of a sync, newest first; empty before its first run."""
    columns = reader.columns(tables.runs)
    if columns is None:
        return []
    d, there = reader.dialect, {column.name.lower() for column in columns}
    origin = [name if name in there else d.null(kind) for name, kind in origin_columns(d)]
    rows = reader.query(
        f"SELECT invocation_id, fence, status, {d.as_text('started_at')}, {d.as_text('ended_at')}, counts, problem,"
        f" {', '.join(origin)} FROM {tables.runs} WHERE sync = ? ORDER BY ended_at DESC, fence DESC LIMIT {int(limit)}",
        (tables.sync,),
    )
    return [
        RunRow(
            invocation_id=row[0],
            fence=int(row[1]),
            status=row[2],
            started_at=_with_microseconds(row[3]),
            ended_at=_with_microseconds(row[4]),
            counts=json.loads(row[5] or "{}"),
            problem=row[6],
            origin=_origin(row[7:]),
        )
        for row in rows
    ]


def _with_microseconds(text: str) -> str:
    """Return a time with six digits after the second, so that times stand in even columns."""
    found = _TIME.fullmatch(text)
    return f"{found[1]} {found[2]}.{(found[3] or '')[:6]:0<6}" if found else text


def _origin(cells: Sequence[str | None]) -> RunOrigin:
    user, host, *lists = (cell or "" for cell in cells)
    allowed, overrode = (tuple(filter(None, text.split(", "))) for text in lists)
    return RunOrigin(user, host, allowed, overrode)
