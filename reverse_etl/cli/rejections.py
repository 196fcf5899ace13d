"""`rejected` and `requeue`: rows that were held back or refused, and how they are sent again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.options import Output, OutputFormat, Sandboxed, SandboxUse, ShowValues
from reverse_etl.cli.session import Session
from reverse_etl.report.amounts import plural
from reverse_etl.report.masking import mask, mask_within
from reverse_etl.report.tables import table

if TYPE_CHECKING:
    from reverse_etl.snapshot.rejections import Rejection
    from reverse_etl.sync import BrokenSync, Sync
    from reverse_etl.warehouses.base import Warehouse

_HEADERS = ("sync", "key", "state", "code", "reason", "last seen (UTC)", "times")


def rejected(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows of each sync, the newest first.")] = 100,
    show_values: ShowValues = False,
    output: OutputFormat = Output.TEXT,
    sandbox: Sandboxed = False,
) -> None:
    """List the rows that are held back. They are invalid, rejected by Iterable, or skipped."""
    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    console = session.console
    found = _listed(session, limit)
    rows = [_as_row(sync, held, show_values=show_values) for sync, held in found]
    if console.is_json or output is Output.JSON:
        names = ("sync", "key", "state", "code", "reason", "last_seen", "times")
        console.json({"rejected": [dict(zip(names, row, strict=True)) for row in rows]}, indent=2)
    elif rows:
        console.lines(table(_HEADERS, [["null" if cell is None else cell for cell in row] for row in rows]))
    else:
        console.say("NothingHeldBack", "no row is held back")


def requeue(
    session: Session,
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="E-mails or user ids; none: all rows of the syncs.")
    ] = None,
    sandbox: Sandboxed = False,
) -> None:
    """Let refused rows be sent again. The next run sends rejected and skipped rows, although they did not change."""
    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    syncs = _selected(session)
    if not syncs:
        return
    with session.warehouse(read_only=False) as warehouse:
        lines = [line for one in syncs for line in session.attempt(partial(_requeued, session, one, warehouse, keys))]
    session.console.lines(lines)


def _requeued(session: Session, sync: Sync | BrokenSync, warehouse: Warehouse, keys: Sequence[str] | None) -> str:
    from reverse_etl.snapshot.lease import look
    from reverse_etl.snapshot.look import check_place
    from reverse_etl.snapshot.rejections import requeue as requeue_rows

    tables = session.tables(warehouse, sync)
    if warehouse.columns(tables.lease):
        check_place(sync.name, look(warehouse, tables))
    held, count = tables.rejections, 0
    if warehouse.columns(held):
        count = requeue_rows(warehouse, held, sync.name, _identities(keys or ()))
    return f"sync {sync.name}: {plural(count, 'refusal')} requeued"


def _selected(session: Session) -> list[Sync | BrokenSync]:
    """Also definitions that cannot run: rows are held back under their names as well."""
    return list({one.name: one for one in session.selected()}.values())


def _listed(session: Session, limit: int) -> list[tuple[Sync | BrokenSync, Rejection]]:
    from reverse_etl.snapshot.rejections import list_rejections

    syncs = _selected(session)
    if not syncs:
        return []
    found = []
    with session.warehouse(read_only=True) as reader:
        for sync in syncs:
            held = session.tables(reader, sync).rejections
            if reader.columns(held):
                found += [(sync, one) for one in list_rejections(reader, held, sync.name, limit)]
    return found


def _as_row(sync: Sync | BrokenSync, held: Rejection, *, show_values: bool) -> list[object]:
    if held.identity is None:
        return [sync.name, None, held.state, held.code, held.reason, held.last_seen, held.attempts]
    key = held.identity if show_values else mask(held.identity)
    reason = held.reason if show_values else mask_within(held.reason, held.identity)
    return [sync.name, key, held.state, held.code, reason, held.last_seen, held.attempts]


def _identities(keys: Sequence[str]) -> list[str]:
    """Keys as the sync snapshot has them: e-mails lower-cased and trimmed, user ids as they are."""
    return [key.strip().lower() if "@" in key else key for key in keys]
