"""Acquire: take the lease of a sync, wait for a dead run's, leave a live one alone."""

from __future__ import annotations

from reverse_etl.errors import ConfigError, LeaseError
from reverse_etl.events import Event
from reverse_etl.run.ready import Wiring
from reverse_etl.snapshot.lease import Lease, LeaseRow
from reverse_etl.snapshot.store import SnapshotStore

_NAP = 1.0


def acquire(store: SnapshotStore, lease: Lease, wiring: Wiring) -> LeaseRow:
    """The lease row as taken over, of a sync snapshot that can be continued. Raises ConfigError and LeaseError."""
    row = take(store, lease, wiring)
    try:
        # It may have been moved away while this run waited.
        store.check_lease(row)
    except ConfigError:
        lease.release()
        raise
    return row


def take(store: SnapshotStore, lease: Lease, wiring: Wiring) -> LeaseRow:
    """The lease row as taken over. Raises LeaseError where another run is alive, or the wait is over."""
    until = wiring.time.monotonic() + wiring.wait
    told = False
    while not lease.acquire():
        row = store.lease_row()
        if row is None:
            continue
        left = row.free_in(wiring.settings.late_request_bound)
        if _is_live(row, wiring):
            raise _held(row, left)
        if wiring.time.monotonic() + left > until:
            raise _not_in_time(row, left, wiring.wait)
        if wiring.stop():
            raise LeaseError(
                "interrupted", "the run was stopped while it waited", context=_described(row), hint="Run again."
            )
        if not told:
            wiring.listener(_waiting(store.sync.name, row, left))
            told = True
        with store.idle():
            wiring.time.sleep(min(_NAP, max(left, 0.05)))
    row = store.lease_row()
    if row is None:
        raise LeaseError(
            "lease-lost", "the lease row is gone", context={"table": store.tables.lease}, hint="Run again."
        )
    return row


def _is_live(row: LeaseRow, wiring: Wiring) -> bool:
    """A holder whose process is gone is dead, one whose process is there lives; else its heartbeat tells."""
    if row.holder is None:
        return False
    alive = wiring.alive(dict(row.holder_note))
    if alive is not None:
        return alive
    beat = row.holder_note.get("beat")
    beats_every = float(beat) if isinstance(beat, (int, float)) else wiring.settings.beat
    return row.beat_age <= 2 * beats_every and row.expires_in > 0


def _described(row: LeaseRow) -> dict[str, object]:
    note = row.holder_note
    return {
        "held by": f"process {note.get('pid', '?')} on {note.get('host', '?')}",
        "run": note.get("invocation_id", "?"),
        "since": note.get("started_at", "?"),
        "last heartbeat": f"{row.beat_age:.0f} s ago",
    }


def _held(row: LeaseRow, left: float) -> LeaseError:
    return LeaseError(
        "lease-held",
        "another run of this sync is alive",
        context={**_described(row), "free at the latest in": f"{left:.0f} s, unless it beats again"},
        hint="Wait for it to end. Run one schedule per sync, or stop the other one.",
    )


def _not_in_time(row: LeaseRow, left: float, wait: float) -> LeaseError:
    return LeaseError(
        "lease-not-free",
        f"the lease of this sync is free in {left:.0f} s, and --wait is {wait:g} s",
        context=_described(row) if row.holder else {"reason": "requests of the last run may still take effect"},
        hint=f"Run again later, or with `--wait {left + 1:.0f}`.",
    )


def _waiting(sync: str, row: LeaseRow, left: float) -> Event:
    why = "the last run died without releasing it" if row.holder else "requests of the last run may still take effect"
    return Event(
        "WaitingForLease",
        f"sync `{sync}`: waiting {left:.0f} s for its lease: {why}",
        level="warn",
        sync=sync,
        data={"seconds": round(left, 1), "reason": "the lease of the last run", **_described(row)},
    )
