"""Creates and takes the lease of a sync. Waits for the lease of a crashed run, and not for an active run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from reverse_etl.errors import LeaseError, ReverseEtlError
from reverse_etl.events import Event
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.snapshot.lease import Holder, Lease, LeaseRow
from reverse_etl.snapshot.snapshot_store import SnapshotStore

ALLOWED = "allowed"
_NAP = 1.0


def new_lease(store: SnapshotStore, environment: RunEnvironment, started_at: str) -> Lease:
    """Return the lease of a sync for one holder, this run or command. It is not taken yet."""
    settings = environment.settings
    note = {**environment.invocation.process, "beat": settings.beat, "started_at": started_at}
    if environment.invocation.allowed:
        # If the run crashes, the next one writes this into the history.
        note[ALLOWED] = sorted({*environment.invocation.allowed})
    holder = Holder(environment.clock.new_id(), note)
    return Lease(store.warehouse, store.tables, holder, settings.lease_ttl, settings.late_request_bound)


@contextmanager
def release_on_error(lease: Lease) -> Iterator[None]:
    """Release the lease if the work under it raises an error. An open run stays open: the next run recovers it.

    Only for work that sends nothing.
    """
    try:
        yield
    except ReverseEtlError:
        with suppress(ReverseEtlError):
            lease.release()
        raise


def acquire_lease(store: SnapshotStore, lease: Lease, environment: RunEnvironment) -> LeaseRow:
    """Take the lease and return its row. Raises LeaseError, or ConfigError if the state cannot be continued."""
    row = take_lease(store, lease, environment)
    with release_on_error(lease):
        # It may have been moved away while this run waited.
        store.check_lease(row)
    return row


def take_lease(store: SnapshotStore, lease: Lease, environment: RunEnvironment) -> LeaseRow:
    """Take the lease and return its row. Raises LeaseError if another run is active, or if the wait is over."""
    invocation = environment.invocation
    until = min(environment.clock.monotonic() + invocation.wait, invocation.ends_at)
    reported = False
    while not lease.acquire():
        row = store.lease_row()
        if row is None:
            continue
        left = row.free_in(environment.settings.late_request_bound)
        if _is_live(row, environment):
            raise _lease_held_error(row, left)
        if environment.clock.monotonic() + left > until:
            raise _lease_not_free_error(row, left, environment)
        if invocation.stop():
            raise LeaseError(
                "interrupted", "the run was stopped while it waited", context=_described(row), hint="Run again."
            )
        if not reported:
            environment.report(_waiting(store.sync.name, row, left))
            reported = True
        with store.idle():
            environment.clock.sleep(min(_NAP, max(left, 0.05)))
    with release_on_error(lease):
        row = store.lease_row()
    if row is None:
        raise LeaseError(
            "lease-lost", "the lease row is gone", context={"table": store.tables.lease}, hint="Run again."
        )
    return row


def _is_live(row: LeaseRow, environment: RunEnvironment) -> bool:
    """Return whether the holder's process runs. If that cannot be known, its last heartbeat decides."""
    if row.holder is None:
        return False
    alive = environment.invocation.is_alive(dict(row.holder_note))
    if alive is not None:
        return alive
    beat = row.holder_note.get("beat")
    beats_every = float(beat) if isinstance(beat, (int, float)) else environment.settings.beat
    return row.beat_age <= 2 * beats_every and row.expires_in > 0


def _described(row: LeaseRow) -> dict[str, object]:
    note = row.holder_note
    return {
        "held by": f"process {note.get('pid', '?')} on {note.get('host', '?')}",
        "run": note.get("invocation_id", "?"),
        "since": note.get("started_at", "?"),
        "last heartbeat": f"{row.beat_age:.0f} s ago",
    }


def _lease_held_error(row: LeaseRow, left: float) -> LeaseError:
    return LeaseError(
        "lease-held",
        "another run of this sync is active",
        context={**_described(row), "free at the latest in": f"{left:.0f} s, unless it beats again"},
        hint="Wait for it to end. Run one schedule per sync, or stop the other one.",
    )


def _lease_not_free_error(row: LeaseRow, left: float, environment: RunEnvironment) -> LeaseError:
    wait, time_left = environment.invocation.wait, environment.invocation.ends_at - environment.clock.monotonic()
    reason, hint = f"--wait is {wait:g} s", f"Run again later, or with `--wait {left + 1:.0f}`."
    if time_left < wait:
        reason = f"the longest running time (`max_runtime`) ends in {max(0.0, time_left):.0f} s"
        hint = "Run again later, or give the run more time."
    return LeaseError(
        "lease-not-free",
        f"the lease of this sync becomes free in {left:.0f} s, and {reason}",
        context=_described(row) if row.holder else {"reason": "requests of the last run may still take effect"},
        hint=hint,
    )


def _waiting(sync: str, row: LeaseRow, left: float) -> Event:
    why = "the last run crashed" if row.holder else "requests of the last run may still take effect"
    return Event(
        "WaitingForLease",
        f"sync `{sync}`: waiting {left:.0f} s for its lease: {why}",
        level="warn",
        sync=sync,
        data={"seconds": round(left, 1), "reason": "the lease of the last run", **_described(row)},
    )
