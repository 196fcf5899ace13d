"""Rejections: rows held back by us or refused by Iterable, written before the flush that covers them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from reverse_etl.change import Outcome, Status
from reverse_etl.snapshot.diff import Diff
from reverse_etl.snapshot.tables import SCHEMA_VERSION
from reverse_etl.warehouses.base import Reader, Warehouse

_ROWS_A_STATEMENT = 500
_COLUMNS = (
    "schema_version, sync, fence, ordinal, identity, key_text, digest, state, code, reason, tainted, seen_at, retry_at"
)

# Why a row cannot be sent, for the codes that every comparison gives.
REASONS: Mapping[str, str] = {
    "null-identifier": "the identifier is NULL",
    "null-key": "a column of the primary key is NULL",
    "duplicate-key": "more than one row has this key",
    "duplicate-identity": "rows with different keys have this identifier",
}


@dataclass(frozen=True)
class Rejection:
    """One held row as it is listed; `identity` is None where the row has none. Times are UTC text."""

    identity: str | None
    state: str
    code: str
    reason: str
    first_seen: str
    last_seen: str
    attempts: int


@dataclass(frozen=True)
class Recheck:
    """Seconds after which a skipped row is tried again, and those after which it is for the first time, if sooner."""

    after: float
    first: float | None = None


class Rejections:
    """What one run writes into the table of rejections."""

    def __init__(self, warehouse: Warehouse, diff: Diff, fence: int, recheck: Recheck) -> None:
        """The run of `fence` has a plan."""
        self._warehouse = warehouse
        self._diff = diff
        self._tables = diff.tables
        self._fence = fence
        self._recheck = recheck
        self._plan = warehouse.table(diff.tables.schema, diff.tables.plan_name(fence))

    def record_invalid(self) -> None:
        """List the invalid rows of the plan in place of those of the last run; each covers its ordinal."""
        sync = self._warehouse.dialect.literal(self._tables.sync)
        self._warehouse.execute(f"DELETE FROM {self._tables.rejections} WHERE sync = {sync} AND state = 'invalid'")
        literal = self._warehouse.dialect.literal
        own = " ".join(f"WHEN '{code}' THEN {literal(text)}" for code, text in self._diff.shape.reasons().items())
        reason = f"CASE p.reason {own} ELSE '' END"
        self._insert("'invalid'", "p.reason", reason, "FALSE", f"{self._plan} p", "p.kind = 'invalid'")

    def record(self, outcomes: Iterable[Outcome]) -> None:
        """Write rejected and skipped rows with the digest of the values that were refused."""
        dialect = self._warehouse.dialect
        for some in _cut(outcomes, _ROWS_A_STATEMENT):
            rows = [
                (
                    str(outcome.ordinal),
                    *map(dialect.literal, (_state(outcome), outcome.code, outcome.reason)),
                    "TRUE" if outcome.tainted else "FALSE",
                )
                for outcome in some
            ]
            refused = dialect.rows("o", ("ordinal", "state", "code", "reason", "tainted"), rows)
            source = f"{self._plan} p JOIN {refused} ON o.ordinal = p.ordinal"
            already = (
                f"NOT EXISTS (SELECT 1 FROM {self._tables.rejections} r WHERE r.sync ="
                f" {dialect.literal(self._tables.sync)} AND r.fence = {self._fence} AND r.ordinal = p.ordinal)"
            )
            self._insert("o.state", "o.code", "o.reason", "o.tainted", source, already)

    def clear_accepted(self) -> None:
        """Forget the refusals of rows that this run got accepted."""
        sync = self._warehouse.dialect.literal(self._tables.sync)
        key = self._diff.key_text("s")
        self._warehouse.execute(
            f"DELETE FROM {self._tables.rejections} WHERE sync = {sync} AND state <> 'suppressed' AND EXISTS (SELECT 1"
            f" FROM {self._tables.snapshot} s WHERE s.fence = {self._fence} AND s.state IN ('accepted', 'absent')"
            f" AND {key} = key_text)"
        )

    def clear_gone(self) -> None:
        """Forget the refusals of earlier runs whose rows left the model. Those of this run may still be exceptions."""
        if not self.any():
            return
        sync = self._warehouse.dialect.literal(self._tables.sync)
        shape = self._diff.shape
        self._warehouse.execute(
            f"DELETE FROM {self._tables.rejections} WHERE sync = {sync} AND state <> 'suppressed'"
            f" AND fence < {self._fence} AND identity IS NOT NULL AND NOT EXISTS (SELECT 1"
            f" FROM (SELECT {shape.identity} AS there FROM {shape.relation}) m WHERE m.there = identity)"
        )

    def readmit(self, syncs: Sequence[str]) -> None:
        """Send suppressed rows of these syncs again if this sync got their identities accepted after that."""
        if not syncs:
            return
        names = ", ".join(map(self._warehouse.dialect.literal, syncs))
        self._warehouse.execute(
            f"UPDATE {self._tables.rejections} SET state = 'requeued' WHERE state = 'suppressed' AND sync IN ({names})"
            f" AND EXISTS (SELECT 1 FROM (SELECT identity AS readmitted, changed_at FROM {self._tables.snapshot}"
            " WHERE state = 'accepted') s WHERE readmitted = identity AND changed_at >= seen_at)"
        )

    def any(self) -> bool:
        """Whether the table holds anything of this sync."""
        sync = self._warehouse.dialect.literal(self._tables.sync)
        return bool(self._warehouse.query(f"SELECT 1 FROM {self._tables.rejections} WHERE sync = {sync} LIMIT 1"))

    def _insert(self, state: str, code: str, reason: str, tainted: str, source: str, where: str) -> None:
        dialect = self._warehouse.dialect
        source, retry = self._with_retry(source)
        self._warehouse.execute(
            f"INSERT INTO {self._tables.rejections} ({_COLUMNS}) SELECT {SCHEMA_VERSION},"
            f" {dialect.literal(self._tables.sync)}, {self._fence}, p.ordinal, p.identity, {self._diff.key_text('p')},"
            f" {dialect.as_text('p.row_hash')}, {state}, {code}, {reason}, {tainted}, {dialect.now()},"
            f" CASE WHEN {state} = 'skipped' THEN {retry} END"
            f" FROM {source} WHERE {where}"
        )

    def _with_retry(self, source: str) -> tuple[str, str]:
        """The source with what it takes to tell when a row of the plan `p` that is skipped now is tried again."""
        dialect, recheck = self._warehouse.dialect, self._recheck
        later = dialect.later(dialect.now(), recheck.after)
        if recheck.first is None or recheck.first >= recheck.after:
            return source, later
        before = (
            f"SELECT DISTINCT key_text, digest FROM {self._tables.rejections} WHERE sync ="
            f" {dialect.literal(self._tables.sync)} AND fence < {self._fence} AND state IN ('skipped', 'requeued')"
        )
        same = f"b.key_text = {self._diff.key_text('p')} AND b.digest = {dialect.as_text('p.row_hash')}"
        soon = dialect.later(dialect.now(), recheck.first)
        return (
            f"{source} LEFT JOIN ({before}) b ON {same}",
            f"CASE WHEN b.key_text IS NULL THEN {soon} ELSE {later} END",
        )


def list_rejections(reader: Reader, table: str, sync: str, limit: int) -> list[Rejection]:
    """Held rows of a sync, the newest first; `table` is the quoted table of rejections."""
    d = reader.dialect
    first, last = d.as_text("min(seen_at)"), d.as_text("max(seen_at)")
    rows = reader.query(
        f"SELECT identity, max(state), max(code), max(reason), {first}, {last}, count(*) FROM {table}"
        " WHERE sync = ? AND state <> 'requeued' GROUP BY identity, key_text"
        f" ORDER BY max(seen_at) DESC, identity LIMIT {int(limit)}",
        (sync,),
    )
    return [
        Rejection(row[0], row[1], row[2], row[3] or REASONS.get(row[2], ""), row[4], row[5], int(row[6]))
        for row in rows
    ]


def count_rejections(reader: Reader, table: str, sync: str) -> dict[str, int]:
    """Held rows of a sync by state and code: `rejected invalid-email`."""
    rows = reader.query(
        f"SELECT state, code, count(DISTINCT key_text) FROM {table} WHERE sync = ? AND state <> 'requeued'"
        " GROUP BY state, code",
        (sync,),
    )
    return {f"{state} {code}": int(count) for state, code, count in rows}


def requeue(warehouse: Warehouse, table: str, sync: str, identities: Sequence[str]) -> int:
    """Let rejected and skipped rows be sent again: all of a sync, or those of some identities.

    Suppressed ones only if their identity is named: somebody has to say that this person may be sent again.
    """
    chosen = f" AND identity IN ({', '.join('?' for _ in identities)})" if identities else ""
    states = "'rejected', 'skipped'" + (", 'suppressed'" if identities else "")
    return warehouse.execute(
        f"UPDATE {table} SET state = 'requeued' WHERE sync = ? AND state IN ({states}){chosen}",
        (sync, *identities),
    )


def _state(outcome: Outcome) -> str:
    if outcome.bars_identity:
        return "suppressed"
    return "skipped" if outcome.status is Status.SKIPPED else "rejected"


def _cut(outcomes: Iterable[Outcome], size: int) -> Iterator[list[Outcome]]:
    iterator = iter(outcomes)
    while some := list(islice(iterator, size)):
        yield some
