"""SyncHarness: one sync over a real model table, run as the runner runs it, with a dictionary in place of Iterable."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from reverse_etl.change import Outcome, PastFailure, Response, Status
from reverse_etl.destinations.iterable.objects.users import UsersEntry
from reverse_etl.snapshot.columns.column_checks import spell_fields
from reverse_etl.snapshot.columns.layout_builder import build_layout
from reverse_etl.snapshot.columns.row_layout import PRIMARY_KEY, RowLayout
from reverse_etl.snapshot.lease import Holder, Lease, OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.rejections import Recheck, Rejections
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.sql.commit.adoption import ALL_ROWS, Adoption
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.snapshot.tables import REMOVALS_FROM
from reverse_etl.sync import Field, IdentityRule, OnRemoved, Requirement, Sync
from reverse_etl.warehouses.base import Warehouse

RULE = IdentityRule(
    "email", ("email",), lowered=True, pattern=r"[^@\s]+@[^@\s]+", code="invalid-email", never=("no@one",)
)
TTL, LATE, RECHECK = 120.0, 120.0, 3600.0
LONG_AGO = "TIMESTAMP '2000-01-01 00:00:00'"
# Schemas without other data: tests on an account drop them.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
MODEL_SCHEMA, STATE_SCHEMA = f"reverse_etl_test_models{WORKER}", f"reverse_etl_test_state{WORKER}"

_holders = itertools.count(1)


class Fate(Enum):
    """What becomes of one row that a run would send; an unknown one may have landed or not."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    FORGOTTEN = "forgotten"
    MENTIONS_FORGOTTEN = "it mentions somebody who was forgotten"
    LANDED = "unknown, but it landed"
    LOST = "unknown, and it did not land"
    REJECTED_AFTER_LANDING = "rejected at the second attempt, while the first had landed"
    ABORTED = "never sent"
    FAILED_TOGETHER = "unknown: its request of six rows met a failure"
    FAILED_ALONE = "unknown: its own request met a failure"
    GIVEN_UP = "its own request met a failure once too often"


LANDING = (Fate.ACCEPTED, Fate.LANDED, Fate.REJECTED_AFTER_LANDING)
_REFUSED = {
    Fate.REJECTED: (Status.REJECTED, "invalid-data", False),
    Fate.SKIPPED: (Status.SKIPPED, "unknown-user", False),
    Fate.FORGOTTEN: (Status.REJECTED, "forgotten-user", False),
    Fate.MENTIONS_FORGOTTEN: (Status.REJECTED, "forgotten-user", False),
    Fate.REJECTED_AFTER_LANDING: (Status.REJECTED, "invalid-data", True),
    Fate.GIVEN_UP: (Status.REJECTED, "http-500", True),
}
_FAILED = {Fate.FAILED_TOGETHER: 6, Fate.FAILED_ALONE: 1}
RESPONSE = Response(500, "It's", 'bo\\om "x"', "r-1")


class Crash(Enum):
    """Where a run dies."""

    AFTER_PLAN = "after the plan"
    AFTER_SEND = "after sending, before any acknowledgement is durable"
    AFTER_FLUSH = "after the last flush"
    AFTER_MERGE = "after the merge, before the close"


@dataclass(frozen=True)
class PlannedRow:
    """One row of a plan. `carried` are the fields that it carries, None for all."""

    ordinal: int
    kind: str
    identity: str | None
    values: Mapping[str, Any]
    carried: frozenset[str] | None = None


@dataclass(frozen=True)
class HarnessResult:
    """What one run planned: rows in their order, differing rows by kind, and rows by changed field."""

    rows: tuple[PlannedRow, ...]
    changed_fields: Mapping[str, int]
    fence: int

    def identities(self, kind: str) -> list[str | None]:
        return sorted((row.identity for row in self.rows if row.kind == kind), key=str)

    @property
    def kinds(self) -> dict[str, int]:
        kinds = [row.kind for row in self.rows]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def accept(row: PlannedRow) -> Fate:
    """Everything goes well."""
    return Fate.ACCEPTED


def of(identity: str, fate: Fate, otherwise: Fate = Fate.ACCEPTED):
    """That fate for one row."""

    def chosen(row: PlannedRow) -> Fate:
        return fate if row.identity == identity else otherwise

    return chosen


@dataclass
class SyncHarness:
    """A sync named `name` on a model table. `sent` is what the destination holds: identity to fields.

    `past` is how rows of the last plan failed before it, by identity.

    `builder` makes and edits tables as dbt would, where the sync's own warehouse may not.
    `sends_changed_fields`: changed rows carry only their changed fields. `doubtful` are the identities that were not
    accepted the last time.
    `rule` and `requirements` are what an object says of its rows. `first_recheck` is in seconds.
    """

    warehouse: Warehouse
    fields: tuple[Field, ...] | None = None
    rule: IdentityRule = RULE
    requirements: tuple[Requirement, ...] = ()
    first_recheck: float | None = None
    primary_key: tuple[str, ...] = ()
    on_removed: OnRemoved = "delete"
    name: str = "users"
    table: str = "users"
    guards: Mapping[str, Any] = field(default_factory=dict)
    sends_changed_fields: bool = False
    doubtful: set[str | None] = field(default_factory=set)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    past: dict[str | None, PastFailure] = field(default_factory=dict)
    builder: Warehouse = field(kw_only=True, default=None)  # type: ignore[assignment]  # the sync's own

    def __post_init__(self) -> None:
        self.builder = self.builder or self.warehouse

    @property
    def relation(self) -> str:
        return self.warehouse.table(MODEL_SCHEMA, self.table)

    @property
    def sync(self) -> Sync:
        return Sync(
            name=self.name,
            model="users",
            unique_id="model.shop.users",
            relation=self.relation,
            file="models/users.yml",
            object="users",
            mode="upsert",
            destination="iterable",
            identifiers={self.rule.key: self.rule.columns[0]} if self.rule.key != PRIMARY_KEY else {},
            primary_key=self.primary_key,
            fields=self.fields,
            on_removed=self.on_removed,
            sends_changed_fields=self.sends_changed_fields,
            entry=self._entry(),
            guards=self.guards,
        )

    def _entry(self) -> UsersEntry:
        column = self.rule.columns[0] if self.rule.key == "email" else None
        return UsersEntry(object="users", name=self.name, email=column, primary_key=self.primary_key)

    def model(self, columns: Mapping[str, str], rows: Iterable[Sequence[object]]) -> None:
        """Build the model again: column names to types, and its rows."""
        quote = self.warehouse.dialect.quote
        self.builder.create_schema(MODEL_SCHEMA)
        self.builder.execute(f"DROP TABLE IF EXISTS {self.relation}")
        spelled = ", ".join(f"{quote(name)} {kind}" for name, kind in columns.items())
        self.builder.execute(f"CREATE TABLE {self.relation} ({spelled})")
        filled = [tuple(row) for row in rows]
        if filled:
            places = ", ".join(f"({', '.join('?' for _ in row)})" for row in filled)
            self.builder.execute(f"INSERT INTO {self.relation} VALUES {places}", tuple(itertools.chain(*filled)))

    def sql(self, statement: str) -> None:
        """Run a statement in which {model} and {snapshot} and {lease} stand for the tables."""
        tables = self.store().tables
        filled = statement.format(
            model=self.relation, snapshot=tables.snapshot, lease=tables.lease, rejections=tables.rejections
        )
        self.builder.execute(filled)

    def retype(self, name: str, kind: str, expression: str) -> None:
        """Give a column of the model another type."""
        dialect = self.warehouse.dialect
        [retyped] = dialect.retype(self.relation, {name: (kind, expression)})
        self.builder.execute(retyped.replace(dialect.table_options("identity"), ""))  # a model is none of our tables

    def layout(self) -> RowLayout:
        columns = self.warehouse.columns(self.relation)
        assert columns is not None
        sync = spell_fields(self.sync, columns)
        return build_layout(sync, self.rule, columns, self.warehouse.dialect, self.requirements)

    def store(self) -> SnapshotStore:
        return SnapshotStore(self.warehouse, STATE_SCHEMA, self.sync, self.layout())

    def read_status(self) -> SnapshotStatus:
        return self.store().read_status()

    def counted(self) -> dict[str, int]:
        """What differs, by kind; kinds without rows are left out."""
        counts = self.read_status().counts
        kinds = ("added", "changed", "resent", "removed", "quarantined", "stale", "identity_changes")
        found = {kind: getattr(counts, kind) for kind in kinds} | {"invalid": counts.invalid_rows}
        return {kind: count for kind, count in found.items() if count}

    def lease(self) -> Lease:
        """Return a lease with a new holder, not acquired."""
        return Lease(self.warehouse, self.store().tables, Holder(f"holder {next(_holders)}"), TTL, LATE)

    def prepared(self) -> Lease:
        """Return an acquired lease, after all tables were created."""
        store = self.store()
        store.prepare_lease("lineage", "salt")
        lease = self.lease()
        assert lease.acquire()
        store.prepare_snapshot()
        return lease

    def run(
        self, fate: Callable[[PlannedRow], Fate] = accept, *, crash: Crash | None = None, full_refresh: bool = False
    ) -> HarnessResult:
        """Do one run, from look to close or to its crash. After a crash its lease has expired."""
        return _HarnessRun(self, fate, crash, full_refresh=full_refresh).run()

    def adopt(self, *, crash: Crash | None = None) -> HarnessResult:
        """Do one baseline that trusts, after another tool has sent all rows of the model and removed the others."""
        return _HarnessRun(self, accept, crash, full_refresh=False, adopts=True).run()

    def expire(self) -> None:
        """Let the lease of a crashed run expire long ago."""
        self.sql(f"UPDATE {{lease}} SET expires_at = {LONG_AGO}, quiet_at = beat_at")

    def entries(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """The sync snapshot: identity to state and values by field."""
        layout, tables = self.layout(), self.store().tables
        names = ", ".join(["identity", "state", *(value.name for value in layout.values)])
        rows = self.warehouse.query(f"SELECT {names} FROM {tables.snapshot}")
        paths = [value.field.path for value in layout.values]
        return {row[0]: (row[1], dict(zip(paths, row[2:], strict=True))) for row in rows}

    def states(self) -> dict[str, str]:
        return {identity: state for identity, (state, _) in self.entries().items()}

    def lying_entries(self) -> list[str]:
        """Return the entries that claim more than the destination holds: there must be none."""
        skipping = {value.field.path for value in self.layout().values if value.skips_nulls}
        lying = []
        for identity, (state, values) in self.entries().items():
            held = self.sent.get(identity)
            claimed = {path: value for path, value in values.items() if not (path in skipping and value is None)}
            false = state == "accepted" and (held is None or any(held.get(p) != v for p, v in claimed.items()))
            if false or (state == "absent" and held is not None):
                lying.append(f"{identity} is {state} as {claimed}, and the destination holds {held}")
        return lying


class _HarnessRun:
    """One run of a harness, step by step."""

    def __init__(
        self,
        harness: SyncHarness,
        fate: Callable[[PlannedRow], Fate],
        crash: Crash | None,
        *,
        full_refresh: bool,
        adopts: bool = False,
    ):
        self.harness, self.fate, self.crash, self.full_refresh = harness, fate, crash, full_refresh
        self.store = harness.store()
        self.lease = harness.lease()
        self.acked, self.untouched = Ranges(), Ranges()
        self.adopts, self.credit = adopts, 0

    def run(self) -> HarnessResult:
        status = self.store.read_status()
        self.store.prepare_lease("lineage", "salt")
        assert self.lease.acquire(), "the lease is not free"
        row = self.store.lease_row()
        assert row is not None
        if row.run is not None:
            self.store.recover(self.lease, row.run)
        diff = self._plan(status)
        rows = self._read()
        ran = HarnessResult(rows, self.store.changed_fields(self.lease.fence), self.lease.fence)
        deliver = self._adopt if self.adopts else self._send
        if self.crash is Crash.AFTER_PLAN or not deliver(rows, diff) or not self._commit(diff, status):
            self.harness.expire()
        return ran

    def _adopt(self, rows: Sequence[PlannedRow], diff: Diff) -> bool:
        self.rejections = Rejections(self.harness.warehouse, diff, self.lease.fence, Recheck(RECHECK, None))
        self.rejections.record_invalid()
        for row in rows:
            if row.kind != "invalid":
                self._land(replace(row, carried=None))
                self.harness.doubtful.discard(row.identity)
        if self.crash is Crash.AFTER_SEND:
            return False
        self.store.adopt(self.lease.fence, Adoption(ALL_ROWS, len(rows)))
        return self.crash is not Crash.AFTER_FLUSH

    def _plan(self, status: SnapshotStatus) -> Diff:
        self.store.prepare_snapshot()
        if self.full_refresh:
            self.store.forget_acceptance()
        assert self.lease.open_run()
        diff = replace(self.store.diff(), thorough=status.diff.thorough)
        if not self.full_refresh:
            diff = replace(diff, keeps_rows=status.keeps_rows_of(diff, self.lease.fence))
        self.store.write_plan(replace(diff, notes_rows_left=status.counts.moved), self.lease.fence)
        return diff

    def _read(self) -> tuple[PlannedRow, ...]:
        values = self.store.layout.values
        return tuple(
            PlannedRow(
                row["ordinal"],
                row["kind"],
                row["identity"],
                {value.field.path: row[value.name] for value in values},
                self._carried(row["changed"]),
            )
            for batch in self.store.planned(self.lease.fence, 0, 2 * REMOVALS_FROM, 7)
            for row in _rows_of(batch)
        )

    def _carried(self, changed: str | None) -> frozenset[str] | None:
        """Return the fields that a row carries, as the plan says: None for all."""
        if not self.harness.sends_changed_fields or changed is None or "*" in changed:
            return None
        paths = [value.field.path for value in self.store.layout.values]
        return frozenset(paths[int(position)] for position in changed.split(",") if position)

    def _send(self, rows: Sequence[PlannedRow], diff: Diff) -> bool:
        recheck = Recheck(RECHECK, self.harness.first_recheck)
        self.rejections = Rejections(self.harness.warehouse, diff, self.lease.fence, recheck)
        self.rejections.record_invalid()
        names = {row.ordinal: row.identity for row in rows}
        self.harness.past = {names[o]: past for o, past in self.rejections.past_failures(0, 2 * REMOVALS_FROM).items()}
        credit = max((row.ordinal + 1 for row in rows), default=0)
        assert self.lease.flush(credit, Ranges())
        outcomes = []
        for row in rows:
            fate = Fate.ACCEPTED if row.kind == "invalid" else self.fate(row)
            assert row.carried is None or row.identity not in self.harness.doubtful, "a refused row goes in part"
            # Who is skipped when the row is removed was gone already.
            was_gone = fate is Fate.SKIPPED and row.kind == "removed"
            if was_gone or (fate in LANDING and row.kind != "invalid"):
                self._land(row)
            if row.kind not in ("invalid", "removed") and fate is not Fate.ABORTED:
                settle = self.harness.doubtful.discard if fate is Fate.ACCEPTED else self.harness.doubtful.add
                settle(row.identity)
            outcomes += self._note(row, fate)
        self.credit = credit
        if self.crash is Crash.AFTER_SEND:
            return False
        self.rejections.save_outcomes(outcomes)
        return self.lease.flush(credit, self.acked) and self.crash is not Crash.AFTER_FLUSH

    def _note(self, row: PlannedRow, fate: Fate) -> list[Outcome]:
        if fate is Fate.ACCEPTED or fate in _REFUSED:
            self.acked.add(row.ordinal, row.ordinal + 1)
        if fate is Fate.ABORTED:
            self.untouched.add(row.ordinal, row.ordinal + 1)
        if fate in _FAILED:
            rows = _FAILED[fate]
            return [Outcome(row.ordinal, Status.FAILED, "no-answer", "", True, RESPONSE, rows=rows, alone=rows == 1)]
        if fate not in _REFUSED:
            return []
        status, code, applied = _REFUSED[fate]
        barred, given_up = fate is Fate.FORGOTTEN, fate is Fate.GIVEN_UP
        response = RESPONSE if given_up else None
        return [Outcome(row.ordinal, status, code, "it's \\ refused\n", applied, response, barred, recheck=given_up)]

    def _land(self, row: PlannedRow) -> None:
        assert row.identity is not None
        if row.kind == "removed":
            self.harness.sent.pop(row.identity, None)
            return
        skipping = {value.field.path for value in self.store.layout.values if value.skips_nulls}
        values = {path: value for path, value in row.values.items() if not (path in skipping and value is None)}
        carried = values if row.carried is None else {path: v for path, v in values.items() if path in row.carried}
        held = self.harness.sent.setdefault(row.identity, {})
        held.update(carried)
        assert values.items() <= held.items(), f"{row.identity} lacks a field that did not go: {values}, {held}"

    def _commit(self, diff: Diff, status: SnapshotStatus) -> bool:
        run = OpenRun(self.lease.fence, self.credit, self.acked)
        self.store.commit(run, self.untouched, stale=status.counts.stale > 0, moved=status.counts.moved)
        if self.crash is Crash.AFTER_MERGE:
            return False
        self.rejections.clear_accepted()
        assert self.lease.close(entries=self.store.live_entries(), unknown=False)
        self.store.finish(self.lease.fence)
        return True


def _rows_of(batch: Any) -> list[dict[str, Any]]:
    """Return the rows of an Arrow batch. Times with nanoseconds, which Python lacks, are text."""
    nano = [str(kind).startswith("timestamp[ns") for kind in batch.schema.types]
    columns = [column.cast("string") if odd else column for column, odd in zip(batch.columns, nano, strict=True)]
    names = batch.schema.names
    return [dict(zip(names, row, strict=True)) for row in zip(*(column.to_pylist() for column in columns), strict=True)]
