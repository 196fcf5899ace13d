"""Lists and counts the rows of a sync that are held or were refused, and lets them be sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reverse_etl.change import Response
from reverse_etl.snapshot.sql.held_rows import UNSENDABLE
from reverse_etl.snapshot.tables import response_columns
from reverse_etl.warehouses.base import Reader, Warehouse

# Reasons why a row cannot be sent, for the codes that every comparison uses.
CHECK_REASONS: Mapping[str, str] = {
    "null-identifier": "the identifier is NULL",
    "null-key": "a column of the primary key is NULL",
    "duplicate-key": "more than one row has this key",
    "duplicate-identity": "rows with different keys have this identifier",
}


@dataclass(frozen=True)
class Rejection:
    """One held row of the list; `identity` is None if the row has none. Times are UTC text."""

    identity: str | None
    state: str
    code: str
    reason: str
    first_seen: str
    last_seen: str
    attempts: int
    response: Response | None = None


def list_rejections(reader: Reader, table: str, sync: str, limit: int) -> list[Rejection]:
    """Return held and failed rows of a sync, the newest first, each in its last state."""
    d = reader.dialect
    there = {column.name.lower() for column in reader.columns(table) or ()}
    response = [name if name in there else f"{d.null(kind)} AS {name}" for name, kind in response_columns(d)]
    window = "OVER (PARTITION BY identity, key_text"
    found = (
        f"SELECT identity, state, code, reason, {', '.join(response)}, seen_at, min(seen_at) {window}) AS first_seen,"
        f" count(*) {window}) AS attempts, row_number() {window} ORDER BY fence DESC, seen_at DESC) AS newest"
        f" FROM {table} WHERE sync = ? AND state <> 'requeued'"
    )
    rows = reader.query(
        f"SELECT identity, state, code, reason, {d.as_text('first_seen')}, {d.as_text('seen_at')}, attempts,"
        f" http_status, response_code, response_message, request_id FROM ({found}) x WHERE newest = 1"
        f" ORDER BY seen_at DESC, identity LIMIT {int(limit)}",
        (sync,),
    )
    return [_rejection(row) for row in rows]


def _rejection(row: Sequence[Any]) -> Rejection:
    identity, state, code, reason, first, last, attempts, status, *said = row
    response = None if status is None else Response(int(status), *(text or "" for text in said))
    return Rejection(identity, state, code, reason or CHECK_REASONS.get(code, ""), first, last, int(attempts), response)


def count_rejections(reader: Reader, table: str, sync: str) -> dict[str, int]:
    """Return the number of held rows of a sync by state and code: `rejected duplicate-key`."""
    rows = reader.query(
        f"SELECT state, code, count(DISTINCT key_text) FROM {table} WHERE sync = ?"
        " AND state NOT IN ('requeued', 'failed')"
        " GROUP BY state, code",
        (sync,),
    )
    return {f"{state} {code}": int(count) for state, code, count in rows}


def requeue(warehouse: Warehouse, table: str, sync: str, identities: Sequence[str]) -> int:
    """Let rejected, unsendable and skipped rows be sent again: all rows of a sync, or rows with some identities.

    Suppressed rows are included only if their identity is named: a person must decide to send them again.
    """
    chosen = f" AND identity IN ({', '.join('?' for _ in identities)})" if identities else ""
    states = "'rejected', 'skipped'" + (", 'suppressed'" if identities else "")
    if any(column.name.lower() == "request_rows" for column in warehouse.columns(table) or ()):
        # Earlier failures do not predict the next attempt.
        forget = f"UPDATE {table} SET request_rows = 0 WHERE sync = ? AND state = 'failed'{chosen}"
        warehouse.execute(forget, (sync, *identities))
        states += f") OR ({UNSENDABLE}"
    return warehouse.execute(
        f"UPDATE {table} SET state = 'requeued' WHERE sync = ? AND (state IN ({states})){chosen}",
        (sync, *identities),
    )
