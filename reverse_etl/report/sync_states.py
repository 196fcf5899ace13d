"""How syncs stand and how they ran: as text for people, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reverse_etl.change import unchanged_sentence
from reverse_etl.counting import plural
from reverse_etl.errors import Fault
from reverse_etl.report.amounts import duration, iso_time, list_counts
from reverse_etl.report.plan_parts.comparisons import due_sentence, unseen_rows
from reverse_etl.report.redaction import printable
from reverse_etl.report.tables import pairs, source_line, table
from reverse_etl.snapshot.incremental.mark import full_comparison_due_in
from reverse_etl.snapshot.lease import LeaseRow
from reverse_etl.snapshot.model_versions.comparison_note import read_note
from reverse_etl.snapshot.run_history import ALLOWED_REMOVALS, BASELINE, NOT_COMPARED, REMOVALS, RESET, RunRow
from reverse_etl.sync import BrokenSync, Sync

_FOR_LATER_RUNS = (REMOVALS, ALLOWED_REMOVALS, BASELINE, NOT_COMPARED)
_COUNTS = ("accepted", "adopted", "planned")
_HISTORY = ("sync", "ended (UTC)", "kind", "status", *_COUNTS, "problem", "allowed", "by", "invocation")


@dataclass(frozen=True)
class SyncState:
    """What the warehouse remembers of one sync. Before its first run there is no `lease` and no `run`.

    `held_rows` counts the rows held back, by state and code. `holder_is_alive` says whether the process that holds the
    lease still runs; None if that cannot be known from here. `late_request_bound` is that setting, in seconds: how long
    after a run the lease may still be needed.
    """

    sync: Sync | BrokenSync
    run: RunRow | None
    lease: LeaseRow | None
    held_rows: Mapping[str, int] = field(default_factory=dict)
    holder_is_alive: bool | None = None
    late_request_bound: float = 0.0

    @property
    def faults(self) -> Sequence[Fault]:
        """Return what is wrong with the definition."""
        return self.sync.faults if isinstance(self.sync, BrokenSync) else ()


def _told_counts(run: RunRow) -> Mapping[str, int]:
    """Return the counts for people, without counts that only the guard `removed` reads."""
    return {name: count for name, count in run.counts.items() if name not in _FOR_LATER_RUNS}


def state_lines(state: SyncState) -> list[str]:
    """Return one sync for a terminal."""
    lease, run = state.lease, state.run
    title = f"sync {printable(state.sync.name)}"
    ended = [
        ("source", source_line(state.sync.target, state.sync.database, state.sync.relation)),
        ("definition", _fault_sentence(state.faults)),
        ("last run", _last_run(run) if run else "none was finished"),
        ("counts", list_counts(_told_counts(run)) if run else ""),
        ("problem", run.problem or "" if run else ""),
        ("allowed", f"{_allowed_guards(run)} by {_started_by(run)}" if run and run.origin.allowed else ""),
    ]
    if lease is None:
        return pairs(title, ended) if run or state.faults else pairs(f"{title}: never run", ended[:1])
    sent_to = lease.destination.get("host")
    return pairs(
        title,
        [
            *ended,
            ("comparison", _comparison_sentence(lease, run)),
            ("accepted", f"{plural(lease.entries, 'entry', 'entries')} in the sync snapshot"),
            ("held back", printable(list_counts(state.held_rows))),
            ("incremental", _next_comparison(state.sync, lease)),
            ("destination", printable(sent_to) if sent_to else "nothing was sent yet"),
            ("moved to", printable(lease.moved_to or "")),
            ("lease", _lease_sentence(lease, state)),
        ],
    )


def sync_state_dict(state: SyncState) -> dict[str, object]:
    """Return one sync as JSON."""
    lease, sync = state.lease, state.sync
    return {
        "sync": sync.name,
        "target": sync.target or None,
        "database": sync.database or None,
        "relation": sync.relation,
        "faults": [fault.message for fault in state.faults],
        "last_run": run_dict(state.run) if state.run else None,
        "not_compared_since": iso_time(_not_compared_since(lease, state.run)),
        "entries": lease.entries if lease else 0,
        "held_back": dict(state.held_rows),
        "destination": lease.destination.get("host") if lease else None,
        "moved_to": lease.moved_to if lease else None,
        "full_comparison_in": _full_comparison_in(sync, lease),
        "lease": None if lease is None else _lease_dict(lease, state.late_request_bound),
    }


def _full_comparison_in(sync: Sync | BrokenSync, lease: LeaseRow | None) -> float | None:
    return None if lease is None or isinstance(sync, BrokenSync) else full_comparison_due_in(sync.incremental, lease)


def _next_comparison(sync: Sync | BrokenSync, lease: LeaseRow) -> str:
    """Return what the next run of an incremental sync compares; empty if every run compares all rows."""
    if isinstance(sync, BrokenSync) or sync.incremental is None:
        return ""
    due_in = full_comparison_due_in(sync.incremental, lease)
    if due_in is None:
        return "the next comparison is full"
    return f"quick comparisons do not see {unseen_rows(printable(sync.incremental.column))}; {due_sentence(due_in)}"


def run_dict(run: RunRow) -> dict[str, object]:
    """Return one run of the history as JSON."""
    return {
        "invocation_id": run.invocation_id,
        "kind": _kind(run),
        "status": run.status,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "counts": dict(run.counts),
        "compared": not run.counts.get(NOT_COMPARED),
        "problem": run.problem,
        "user": run.origin.user or None,
        "host": run.origin.host or None,
        "allowed": list(run.origin.allowed),
        "overrode": list(run.origin.overrode),
    }


def history_lines(runs: Sequence[tuple[str, RunRow]]) -> list[str]:
    """Return runs for a terminal, each with the name of its sync."""
    return table(_HISTORY, [_run_cells(sync, run) for sync, run in runs])


def _comparison_sentence(lease: LeaseRow, run: RunRow | None) -> str:
    since = _not_compared_since(lease, run)
    return unchanged_sentence(since) if since else ""


def _not_compared_since(lease: LeaseRow | None, run: RunRow | None) -> str:
    """Return since when the model has not changed, if the last run did not compare for that reason; else nothing."""
    note = read_note(lease) if lease is not None and run is not None and run.counts.get(NOT_COMPARED) else None
    return note.since if note is not None else ""


def _fault_sentence(faults: Sequence[Fault]) -> str:
    if not faults:
        return ""
    return f"cannot run: {plural(len(faults), 'fault')}; see `reverse-etl validate`"


def _lease_sentence(lease: LeaseRow, state: SyncState) -> str:
    left = lease.free_in(state.late_request_bound)
    if lease.holder is None:
        return "free" if left <= 0 else f"free in {duration(left)}: requests of the last run may still take effect"
    note = lease.holder_note
    holder = f"process {printable(note.get('pid', '?'))} on {printable(note.get('host', '?'))}"
    free = f"free at the latest in {duration(left)}" if left > 0 else "overdue, so the next run takes it over"
    if state.holder_is_alive is False:
        return (
            f"left by {holder}, which crashed; the next run takes it over{f' in {duration(left)}' if left > 0 else ''}"
        )
    return f"held by {holder}, last heartbeat {duration(lease.beat_age)} ago; {free}"


def _lease_dict(lease: LeaseRow, late: float) -> dict[str, object]:
    return {
        "held": lease.holder is not None,
        "holder": dict(lease.holder_note) if lease.holder is not None else None,
        "seconds_since_heartbeat": round(lease.beat_age, 1) if lease.holder is not None else None,
        "free_in_seconds": round(max(lease.free_in(late), 0.0), 1),
        "fence": lease.fence,
    }


def _run_cells(sync: str, run: RunRow) -> list[object]:
    counts = [run.counts.get(name, 0) for name in _COUNTS]
    problem, allowed = run.problem or "", _allowed_guards(run)
    return [sync, run.ended_at, _kind(run), run.status, *counts, problem, allowed, _started_by(run), run.invocation_id]


def _kind(run: RunRow) -> str:
    """Return what the row is about: a run, a baseline, or a reset of the sync."""
    if run.status == RESET:
        return RESET
    return BASELINE if run.counts.get(BASELINE) else "run"


def _last_run(run: RunRow) -> str:
    baseline = "baseline, " if _kind(run) == BASELINE else ""
    return f"{baseline}{run.status}, ended {run.ended_at} UTC"


def _allowed_guards(run: RunRow) -> str:
    """Return the guards that were allowed, with a mark at the ones that would have stopped the run."""
    origin = run.origin
    return ", ".join(f"{name} (overridden)" if name in origin.overrode else name for name in origin.allowed)


def _started_by(run: RunRow) -> str:
    return printable("@".join(filter(None, (run.origin.user, run.origin.host))))
