"""`status` and `history`: what the warehouse remembers of each sync; needs no key of Iterable's and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.commands.state import defined_names, is_ours, state_dict
from reverse_etl.cli.options import Output, OutputFormat, Sandboxed, SandboxUse
from reverse_etl.cli.session import Session
from reverse_etl.counting import plural
from reverse_etl.processes import is_alive
from reverse_etl.report.amounts import duration, listed
from reverse_etl.report.redaction import printable
from reverse_etl.report.tables import pairs, source_line, table

if TYPE_CHECKING:
    from reverse_etl.errors import Fault
    from reverse_etl.snapshot.lease import LeaseRow
    from reverse_etl.snapshot.run_history import RunRow
    from reverse_etl.snapshot.stored_syncs import StoredState
    from reverse_etl.sync import BrokenSync, Sync
    from reverse_etl.warehouses.base import Reader


def status(session: Session, output: OutputFormat = Output.TEXT, sandbox: Sandboxed = False) -> None:
    """Show how each sync stands. Its last run, what was accepted and held back, and who runs it now."""
    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    syncs = list(session.selected())
    if not syncs:
        return
    with session.warehouse(read_only=True) as reader:
        states = [state for sync in syncs for state in session.attempt(partial(_State, session, sync, reader))]
        left = _orphans(session, reader)
    if session.console.is_json or output is Output.JSON:
        dicts = {"syncs": [state.as_dict() for state in states], "orphans": [state_dict(session, one) for one in left]}
        session.console.json(dicts, indent=2)
        return
    for state in states:
        session.console.lines([*state.lines(), ""])
    for one in left:
        kept = f"{plural(one.entries, 'entry', 'entries')} and its history are kept"
        session.console.lines([f"no definition: {printable(one.name)}: {kept}; `reverse-etl state prune` deletes them"])


def _orphans(session: Session, reader: Reader) -> list[StoredState]:
    """What is kept of syncs of this project that it does not define any more, if all of its syncs are shown."""
    from reverse_etl.snapshot.stored_syncs import orphans

    flags = session.project.flags
    if flags.select or flags.exclude:
        return []
    found = orphans(reader, session.project.settings.state_schema, defined_names(session))
    return [state for state in found if is_ours(session, state)]


def history(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Runs of each sync, the newest first.")] = 10,
    output: OutputFormat = Output.TEXT,
    sandbox: Sandboxed = False,
) -> None:
    """Show the last runs of each sync."""
    from reverse_etl.snapshot.run_history import last_runs

    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    syncs = list({one.name: one for one in session.selected()}.values())
    if not syncs:
        return
    with session.warehouse(read_only=True) as reader:
        runs = [(sync, run) for sync in syncs for run in last_runs(reader, session.tables(reader, sync), limit)]
    if session.console.is_json or output is Output.JSON:
        session.console.json({"runs": [{"sync": sync.name, **_run_dict(run)} for sync, run in runs]}, indent=2)
    elif runs:
        headers = ["sync", "ended (UTC)", "status", "accepted", "planned", "problem", "invocation"]
        session.console.lines(table(headers, [_run_row(sync, run) for sync, run in runs]))
    else:
        session.console.say("NoRuns", "no sync has run yet")


class _State:
    """One sync as its tables show it; all of it is missing before the first run."""

    def __init__(self, session: Session, sync: Sync | BrokenSync, reader: Reader) -> None:
        from reverse_etl.snapshot.lease import look
        from reverse_etl.snapshot.rejections import count_rejections
        from reverse_etl.snapshot.run_history import last_runs
        from reverse_etl.sync import Sync

        self.sync = sync
        self.faults = () if isinstance(sync, Sync) else sync.faults
        self.late = session.project.settings.late_request_bound
        tables = session.tables(reader, sync)
        self.lease: LeaseRow | None = look(reader, tables) if reader.columns(tables.lease) else None
        self.run: RunRow | None = next(iter(last_runs(reader, tables, 1)), None)
        self.held: Mapping[str, int] = {}
        if reader.columns(tables.rejections):
            self.held = count_rejections(reader, tables.rejections, sync.name)

    def lines(self) -> list[str]:
        lease, run = self.lease, self.run
        title = f"sync {printable(self.sync.name)}"
        ended = [
            ("source", source_line(self.sync.target, self.sync.database, self.sync.relation)),
            ("definition", _broken_sentence(self.faults)),
            ("last run", f"{run.status}, ended {run.ended_at} UTC" if run else "none was finished"),
            ("counts", listed(run.counts) if run else ""),
            ("problem", run.problem or "" if run else ""),
        ]
        if lease is None:
            return pairs(title, ended) if run or self.faults else pairs(f"{title}: never run", ended[:1])
        sent_to = lease.destination.get("host")
        return pairs(
            title,
            [
                *ended,
                ("accepted", f"{plural(lease.entries, 'entry', 'entries')} in the sync snapshot"),
                ("held back", printable(listed(self.held))),
                ("destination", printable(sent_to) if sent_to else "nothing was sent yet"),
                ("moved to", printable(lease.moved_to or "")),
                ("lease", _lease_sentence(lease, self.late)),
            ],
        )

    def as_dict(self) -> dict[str, object]:
        lease = self.lease
        return {
            "sync": self.sync.name,
            "target": self.sync.target or None,
            "database": self.sync.database or None,
            "relation": self.sync.relation,
            "faults": [fault.message for fault in self.faults],
            "last_run": _run_dict(self.run) if self.run else None,
            "entries": lease.entries if lease else 0,
            "held_back": dict(self.held),
            "destination": lease.destination.get("host") if lease else None,
            "moved_to": lease.moved_to if lease else None,
            "lease": None if lease is None else _lease_dict(lease, self.late),
        }


def _broken_sentence(faults: Sequence[Fault]) -> str:
    if not faults:
        return ""
    return f"cannot run: {plural(len(faults), 'fault')}; see `reverse-etl validate`"


def _lease_sentence(lease: LeaseRow, late: float) -> str:
    left = lease.free_in(late)
    if lease.holder is None:
        return "free" if left <= 0 else f"free in {duration(left)}: requests of the last run may still take effect"
    note = lease.holder_note
    holder = f"process {printable(note.get('pid', '?'))} on {printable(note.get('host', '?'))}"
    free = f"free at the latest in {duration(left)}" if left > 0 else "overdue, so the next run takes it over"
    if is_alive(note) is False:
        return f"left by {holder}, which died; the next run takes it over{f' in {duration(left)}' if left > 0 else ''}"
    return f"held by {holder}, last heartbeat {duration(lease.beat_age)} ago; {free}"


def _lease_dict(lease: LeaseRow, late: float) -> dict[str, object]:
    return {
        "held": lease.holder is not None,
        "holder": dict(lease.holder_note) if lease.holder is not None else None,
        "seconds_since_heartbeat": round(lease.beat_age, 1) if lease.holder is not None else None,
        "free_in_seconds": round(max(lease.free_in(late), 0.0), 1),
        "fence": lease.fence,
    }


def _run_dict(run: RunRow) -> dict[str, object]:
    return {
        "invocation_id": run.invocation_id,
        "status": run.status,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "counts": dict(run.counts),
        "problem": run.problem,
    }


def _run_row(sync: Sync | BrokenSync, run: RunRow) -> list[object]:
    counts = run.counts
    sent = [counts.get("accepted", 0), counts.get("planned", 0)]
    return [sync.name, run.ended_at, run.status, *sent, run.problem or "", run.invocation_id]
