"""Rows that we held back or that the destination refused. They are saved before the flush that covers them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from reverse_etl.change import Outcome, PastFailure
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.snapshot.sql.held_rows import UNSENDABLE
from reverse_etl.snapshot.sql.second_identifier import unmarked
from reverse_etl.snapshot.sql.settled_rows import settled_keys
from reverse_etl.snapshot.tables import SCHEMA_VERSION, response_columns
from reverse_etl.warehouses.base import Warehouse
from reverse_etl.warehouses.dialect import Dialect

_ROWS_A_STATEMENT = 500
_COLUMNS = (
    "schema_version, sync, fence, ordinal, identity, key_text, digest, state, code, reason, tainted, seen_at, retry_at,"
    " http_status, response_code, response_message, request_id, request_rows, failed_alone"
)
# What is saved of one refused row, besides its ordinal.
_REFUSAL = (
    "state",
    "code",
    "reason",
    "tainted",
    "recheck",
    "http_status",
    "response_code",
    "response_message",
    "request_id",
    "request_rows",
    "failed_alone",
)


@dataclass(frozen=True)
class Recheck:
    """Seconds until a skipped row is tried again. The first retry comes earlier if `first` is smaller."""

    after: float
    first: float | None = None


class Rejections:
    """Writes the rows of one run into the table of rejections."""

    def __init__(self, warehouse: Warehouse, diff: Diff, fence: int, recheck: Recheck) -> None:
        """The run of `fence` has a plan."""
        self._warehouse = warehouse
        self._diff = diff
        self._tables = diff.tables
        self._fence = fence
        self._recheck = recheck
        self._failed_before: bool | None = None
        self._plan = warehouse.table(diff.tables.schema, diff.tables.plan_name(fence))

    def record_invalid(self) -> None:
        """Replace the invalid rows of the last run with the plan's. Each one covers its ordinal."""
        dialect, table = self._warehouse.dialect, self._tables.rejections
        listed = f"sync = {dialect.literal(self._tables.sync)} AND state = 'invalid'"
        listed += f" AND request_rows IS NULL{self._diff.chosen_in(self._plan)}"
        self._warehouse.execute(f"DELETE FROM {table} WHERE {listed}")
        literal = dialect.literal
        own = " ".join(f"WHEN '{code}' THEN {literal(text)}" for code, text in self._diff.layout.reasons().items())
        reason = f"CASE p.reason {own} ELSE '' END"
        nothing = [dialect.null(kind) for _, kind in response_columns(dialect)]
        refusal = ["'invalid'", "p.reason", reason, "FALSE", "FALSE", *nothing]
        self._insert(refusal, f"{self._plan} p", "p.kind = 'invalid'")

    def save_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Write rejected, skipped, unsendable and failed rows, with the digest of the refused values."""
        dialect = self._warehouse.dialect
        for some in _cut(sorted(outcomes, key=lambda outcome: outcome.ordinal), _ROWS_A_STATEMENT):
            rows = [(str(outcome.ordinal), *_literals(dialect, outcome)) for outcome in some]
            refused = dialect.rows("o", ("ordinal", *_REFUSAL), rows)
            source = f"{self._plan} p JOIN {refused} ON o.ordinal = p.ordinal"
            # With these bounds, a clustered plan is not read as a whole.
            already = (
                f"p.ordinal >= {some[0].ordinal} AND p.ordinal <= {some[-1].ordinal} AND NOT EXISTS ("
                f"SELECT 1 FROM {self._tables.rejections} r WHERE r.sync ="
                f" {dialect.literal(self._tables.sync)} AND r.fence = {self._fence} AND r.ordinal = p.ordinal)"
            )
            self._insert([f"o.{name}" for name in _REFUSAL], source, already)

    def past_failures(self, start: int, end: int) -> dict[int, PastFailure]:
        """Return how rows of the plan failed in earlier runs, by ordinal; `start` <= ordinal < `end`."""
        if self._failed_before is None:
            self._failed_before = self.any("state = 'failed'")
        if not self._failed_before:
            return {}
        key, digest = self._diff.key_text("p"), self._warehouse.dialect.as_text("p.row_hash")
        rows = self._warehouse.query(
            f"SELECT p.ordinal, min(f.request_rows), max(CASE WHEN f.digest IS NOT DISTINCT FROM {digest} THEN f.alone"
            f" ELSE 0 END) FROM {self._plan} p JOIN ({self._failures()}) f ON f.identity = p.identity"
            f" AND f.key_text = {key} WHERE p.ordinal >= {int(start)} AND p.ordinal < {int(end)} GROUP BY p.ordinal"
        )
        return {int(row[0]): PastFailure(int(row[1]), int(row[2])) for row in rows}

    def _failures(self) -> str:
        """Return SQL for failed rows: the rows of the smallest request, and the number of single-row failures."""
        alone = "CASE WHEN failed_alone THEN fence END"
        return (
            f"SELECT identity, key_text, digest, min(request_rows) AS request_rows, count(DISTINCT {alone}) AS alone"
            f" FROM {self._tables.rejections} WHERE sync = {self._warehouse.dialect.literal(self._tables.sync)}"
            f" AND state = 'failed' AND request_rows > 0 AND fence < {self._fence} GROUP BY identity, key_text, digest"
        )

    def clear_accepted(self) -> None:
        """Delete the refusals of rows that this run got accepted. If none can be, only the plan is read."""
        planned = f"SELECT identity FROM {self._plan} WHERE kind <> 'invalid'"
        if not self.any(f"state <> 'suppressed' AND identity IN ({planned})"):
            return
        sync = self._warehouse.dialect.literal(self._tables.sync)
        key = self._diff.key_text("s")
        self._warehouse.execute(
            f"DELETE FROM {self._tables.rejections} WHERE sync = {sync} AND state <> 'suppressed' AND EXISTS (SELECT 1"
            f" FROM {self._tables.snapshot} s WHERE s.fence = {self._fence} AND s.state IN ('accepted', 'absent')"
            f" AND {key} = key_text)"
        )

    def clear_gone(self) -> None:
        """Delete the refusals of earlier runs whose rows left the model. This run's refusals may still be exceptions.

        A refused removal stays as long as its entry. It is not tried again by itself.
        """
        due = f"state <> 'suppressed' AND fence < {self._fence} AND identity IS NOT NULL"
        if not self.any(due):
            return
        sync = self._warehouse.dialect.literal(self._tables.sync)
        layout = self._diff.layout
        live = f"SELECT identity FROM {self._tables.snapshot} WHERE state <> 'absent'"
        kept = f" AND NOT ((state = 'rejected' OR {UNSENDABLE}) AND digest IS NULL AND identity IN ({live}))"
        self._warehouse.execute(
            f"DELETE FROM {self._tables.rejections} WHERE sync = {sync} AND {due}"
            f"{kept if self._diff.acts_on_removed else ''} AND NOT EXISTS (SELECT 1"
            f" FROM (SELECT {layout.identity} AS there FROM {layout.relation}) m WHERE m.there = identity)"
        )

    def readmit(self, syncs: Sequence[str]) -> None:
        """Send suppressed rows of these syncs again if this sync got their identities accepted later."""
        if not syncs:
            return
        dialect = self._warehouse.dialect
        names = ", ".join(map(dialect.literal, syncs))
        plain = unmarked("identity")
        self._warehouse.execute(
            f"UPDATE {self._tables.rejections} SET state = 'requeued' WHERE state = 'suppressed' AND sync IN ({names})"
            f" AND EXISTS (SELECT 1 FROM (SELECT {plain} AS readmitted, changed_at FROM {self._tables.snapshot}"
            f" WHERE state = 'accepted') s WHERE {plain} = readmitted AND changed_at >= seen_at)"
        )

    def clear_settled(self) -> None:
        """Delete the refusals of earlier runs whose rows again equal what the destination accepted."""
        sync = self._warehouse.dialect.literal(self._tables.sync)
        self._warehouse.execute(
            f"DELETE FROM {self._tables.rejections} WHERE sync = {sync}"
            f" AND (state IN ('rejected', 'skipped', 'requeued') OR {UNSENDABLE}) AND fence < {self._fence}"
            f" AND key_text IN ({settled_keys(self._diff)})"
        )

    def any(self, where: str = "1 = 1") -> bool:
        """Return whether the table holds rows of this sync, or rows of one kind."""
        chosen = f"sync = {self._warehouse.dialect.literal(self._tables.sync)} AND {where}"
        return bool(self._warehouse.query(f"SELECT 1 FROM {self._tables.rejections} WHERE {chosen} LIMIT 1"))

    def _insert(self, refusal: Sequence[str], source: str, where: str) -> None:
        """Insert rows. `refusal` are expressions for the details of the refusal; `source` has the plan as `p`."""
        dialect = self._warehouse.dialect
        source, retry = self._with_retry(source)
        state, code, reason, tainted, recheck, *response = refusal
        later = dialect.add_seconds(dialect.now(), self._recheck.after)
        self._warehouse.execute(
            f"INSERT INTO {self._tables.rejections} ({_COLUMNS}) SELECT {SCHEMA_VERSION},"
            f" {dialect.literal(self._tables.sync)}, {self._fence}, p.ordinal, p.identity, {self._diff.key_text('p')},"
            f" {dialect.as_text('p.row_hash')}, {state}, {code}, {reason}, {tainted}, {dialect.now()},"
            f" CASE WHEN {recheck} THEN {later} WHEN {state} = 'skipped' THEN {retry} END, {', '.join(response)}"
            f" FROM {source} WHERE {where}"
        )

    def _with_retry(self, source: str) -> tuple[str, str]:
        """Return the source, joined with the time when a skipped row of the plan `p` is tried again."""
        dialect, recheck = self._warehouse.dialect, self._recheck
        later = dialect.add_seconds(dialect.now(), recheck.after)
        if recheck.first is None or recheck.first >= recheck.after:
            return source, later
        before = (
            f"SELECT DISTINCT key_text, digest FROM {self._tables.rejections} WHERE sync ="
            f" {dialect.literal(self._tables.sync)} AND fence < {self._fence} AND state IN ('skipped', 'requeued')"
        )
        same = f"b.key_text = {self._diff.key_text('p')} AND b.digest = {dialect.as_text('p.row_hash')}"
        soon = dialect.add_seconds(dialect.now(), recheck.first)
        return (
            f"{source} LEFT JOIN ({before}) b ON {same}",
            f"CASE WHEN b.key_text IS NULL THEN {soon} ELSE {later} END",
        )


def _state(outcome: Outcome) -> str:
    if outcome.bars_identity:
        return "suppressed"
    return outcome.status.value


def _literals(dialect: Dialect, outcome: Outcome) -> list[str]:
    """Return literals of the saved outcome, in the order of `_REFUSAL`."""
    response = outcome.response
    message = [response.code, response.message, response.request_id] if response is not None else ["", "", ""]
    status = dialect.null(dialect.integer_type) if response is None else str(int(response.status))
    return [
        *map(dialect.literal, (_state(outcome), outcome.code, outcome.reason)),
        *("TRUE" if flag else "FALSE" for flag in (outcome.maybe_applied, outcome.recheck)),
        status,
        *map(dialect.literal, message),
        str(int(outcome.rows)),
        "TRUE" if outcome.alone else "FALSE",
    ]


def _cut(outcomes: Sequence[Outcome], size: int) -> Iterator[list[Outcome]]:
    iterator = iter(outcomes)
    while some := list(islice(iterator, size)):
        yield some
