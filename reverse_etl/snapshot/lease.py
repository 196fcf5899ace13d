"""The lease: a row in the warehouse that lets only one run of a sync work at a time. Only the warehouse's clock counts.

The statements are the steps of the commit protocol: look, acquire, flush, close. Each is one statement and can be
repeated. Each write names the fence, so a run that lost its lease cannot change anything.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from reverse_etl.errors import ConfigError
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.tables import SCHEMA_VERSION, Tables
from reverse_etl.warehouses.base import Reader, Warehouse

# A flush saves at most this many intervals of acknowledged rows. If the run crashes, the other rows are sent again.
_MOST_RANGES = 20_000


@dataclass(frozen=True)
class OpenRun:
    """A run that has not closed. It may have sent the ordinals below `credit`; `acked` ordinals have an outcome."""

    fence: int
    credit: int
    acked: Ranges


@dataclass(frozen=True)
class LeaseRow:
    """The lease as stored in the warehouse. Ages and waits are seconds by the warehouse's clock.

    `moved_to`: the new place of the sync snapshot, in words, if it was moved. `now` is when it was read, in seconds
    since 1970.
    """

    schema_version: int
    lineage: str
    salt: str
    serial: int
    fence: int
    holder: str | None
    holder_note: Mapping[str, object]
    beat_age: float
    expires_in: float
    quiet_in: float
    run: OpenRun | None
    destination: Mapping[str, object]
    key_columns: str | None
    entries: int
    moved_to: str | None = None
    now: float = 0.0

    @property
    def is_empty(self) -> bool:
        """Return whether no row was accepted or can have been accepted. Then any definition can continue from here."""
        return self.entries == 0 and self.run is None

    def free_in(self, late_request_bound: float) -> float:
        """Return the seconds until a run may acquire the lease; zero or less means now."""
        return self.quiet_in if self.holder is None else self.expires_in + late_request_bound


@dataclass(frozen=True)
class Holder:
    """The run that acquires the lease: its unique id, and a note for other runs."""

    id: str
    note: Mapping[str, object] = field(default_factory=dict)


def read_lease(reader: Reader, tables: Tables) -> LeaseRow:
    """Return the lease, which must exist."""
    d = reader.dialect
    now = d.epoch(d.now())
    ages = f"{now} - {d.epoch('beat_at')}, {d.epoch('expires_at')} - {now}, {d.epoch('quiet_at')} - {now}"
    rows = reader.query(
        f"SELECT schema_version, lineage, salt, serial, fence, holder, holder_note, {ages}, run_fence, credit, acked,"
        f" destination, key_columns, entries, moved_to, {now} FROM {tables.lease}"
    )
    row = rows[0]
    run = None if row[10] is None else OpenRun(int(row[10]), int(row[11]), Ranges.read(row[12]))
    return LeaseRow(
        schema_version=int(row[0]),
        lineage=row[1],
        salt=row[2],
        serial=int(row[3]),
        fence=int(row[4]),
        holder=row[5],
        holder_note=json.loads(row[6] or "{}"),
        beat_age=float(row[7]),
        expires_in=float(row[8]),
        quiet_in=float(row[9]),
        run=run,
        destination=json.loads(row[13] or "{}"),
        key_columns=row[14],
        entries=int(row[15]),
        moved_to=row[16],
        now=float(row[17]),
    )


def check_not_moved(sync: str, row: LeaseRow) -> None:
    """Refuse tables that were moved away. Raises ConfigError."""
    if row.moved_to:
        raise ConfigError(
            "state-moved",
            f"sync `{sync}`: its sync snapshot was moved to {row.moved_to}",
            context={"sync": sync, "moved to": row.moved_to},
            hint="Set `state` to that place, or move the sync snapshot back with `reverse-etl state migrate`.",
        )


def note_in_free_lease(warehouse: Warehouse, tables: Tables, row: LeaseRow, destination: Mapping[str, object]) -> bool:
    """Save what a free lease remembers, if no run took the lease since `row` was read. Return whether it was saved."""
    changed = warehouse.execute(
        f"UPDATE {tables.lease} SET destination = ? WHERE holder IS NULL AND run_fence IS NULL AND moved_to IS NULL"
        " AND fence = ? AND serial = ?",
        (json.dumps(destination), row.fence, row.serial),
    )
    return changed > 0


class Lease:
    """Writes the lease of one sync for one holder. `fence` is 0 until the lease is acquired."""

    def __init__(
        self, warehouse: Warehouse, tables: Tables, holder: Holder, ttl: float, late_request_bound: float
    ) -> None:
        """`ttl` and `late_request_bound` are in seconds."""
        self._warehouse = warehouse
        self._tables = tables
        self._holder = holder
        self._ttl = ttl
        self._late = late_request_bound
        # Several sessions may write. Some warehouses refuse the later of two concurrent writes, so we write one at a
        # time.
        self._writing = threading.Lock()
        self.fence = 0

    def acquire(self) -> bool:
        """Acquire the lease with a new fence. Return False if it is not free, quiet or long overdue."""
        d = self._warehouse.dialect
        now = d.now()
        took = self._warehouse.execute(
            f"UPDATE {self._tables.lease} SET fence = fence + 1, holder = ?, holder_note = ?, beat_at = {now},"
            f" expires_at = {d.add_seconds(now, self._ttl)}"
            f" WHERE (holder IS NULL AND {now} >= quiet_at) OR holder = ?"
            f" OR {now} >= {d.add_seconds('expires_at', self._late)}",
            (self._holder.id, json.dumps(self._holder.note), self._holder.id),
        )
        row = read_lease(self._warehouse, self._tables) if took else None
        if row is None or row.holder != self._holder.id:
            return False
        self.fence = row.fence
        return True

    def open_run(self) -> bool:
        """Save the plan of this fence as the open run, with nothing sent yet. False: fenced off."""
        return self._write("run_fence = ?, credit = 0, acked = '[]'", (self.fence,))

    def flush(self, credit: int, acked: Ranges) -> bool:
        """Save the heartbeat, the journal and the permission to send below `credit`, in one statement.

        False: fenced off.
        """
        d = self._warehouse.dialect
        beat = f"beat_at = {d.now()}, expires_at = {d.add_seconds(d.now(), self._ttl)}"
        return self._write(f"{beat}, credit = ?, acked = ?", (credit, acked.largest(_MOST_RANGES).write()))

    def beat(self, session: Warehouse | None = None) -> bool:
        """Save only the heartbeat, without permission to send; from another session if given. False: fenced off."""
        d = self._warehouse.dialect
        return self._write(f"beat_at = {d.now()}, expires_at = {d.add_seconds(d.now(), self._ttl)}", (), session)

    def close_run(self, entries: int) -> bool:
        """Save that the open run has been rolled forward; the lease stays ours. False: fenced off."""
        closed = (
            "closed_fence = run_fence, run_fence = NULL, credit = 0, acked = NULL, serial = serial + 1, entries = ?"
        )
        return self._write(closed, (entries,))

    def release(self) -> bool:
        """Release the lease without closing the open run, which the next run then recovers. False: fenced off."""
        return self._write("holder = NULL, holder_note = NULL", ())

    def close(self, *, entries: int, unknown: bool) -> bool:
        """Close the run and release. `unknown`: a request may still arrive, so others wait. False: fenced off."""
        d = self._warehouse.dialect
        quiet = d.add_seconds(d.now(), self._late) if unknown else d.now()
        return self._write(
            "closed_fence = fence, run_fence = NULL, credit = 0, acked = NULL, serial = serial + 1, holder = NULL,"
            f" holder_note = NULL, quiet_at = {quiet}, entries = ?",
            (entries,),
        )

    def remember(self, destination: Mapping[str, object], key_columns: str) -> bool:
        """Save where the rows of this sync snapshot go, and its key. False: fenced off."""
        return self._write(
            f"destination = ?, key_columns = ?, schema_version = {SCHEMA_VERSION}",
            (json.dumps(destination), key_columns),
        )

    def reset(self) -> bool:
        """Clear the accepted rows and their destination, and release. The fence keeps its count. False: fenced off."""
        return self._write(
            "closed_fence = fence, run_fence = NULL, credit = 0, acked = NULL, serial = serial + 1, destination = NULL,"
            " key_columns = NULL, entries = 0, holder = NULL, holder_note = NULL",
            (),
        )

    def note_moved(self, to: str) -> bool:
        """Save that the sync snapshot has moved, and where to, in words. False: fenced off."""
        return self._write("moved_to = ?", (to,))

    def adopt(self, row: LeaseRow) -> bool:
        """Continue from the lease of another place, which had no open run, and release. False: fenced off."""
        d = self._warehouse.dialect
        return self._write(
            "lineage = ?, salt = ?, serial = ?, fence = ?, closed_fence = ?, destination = ?, key_columns = ?,"
            " entries = ?, run_fence = NULL, credit = 0, acked = NULL, moved_to = NULL, holder = NULL,"
            f" holder_note = NULL, quiet_at = {d.now()}",
            (
                row.lineage,
                row.salt,
                row.serial,
                max(row.fence, self.fence),
                max(row.fence, self.fence),
                json.dumps(dict(row.destination)),
                row.key_columns,
                row.entries,
            ),
        )

    def _write(self, assignments: str, params: tuple[object, ...], session: Warehouse | None = None) -> bool:
        with self._writing:
            touched = (session or self._warehouse).execute(
                f"UPDATE {self._tables.lease} SET {assignments} WHERE fence = ? AND holder = ?",
                (*params, self.fence, self._holder.id),
            )
        return touched > 0
