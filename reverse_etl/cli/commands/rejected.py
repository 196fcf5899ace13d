"""`rejected` and `requeue`: rows that were held back or refused, and how they are sent again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.change import Response
from reverse_etl.cli.options import Output, OutputFormat, Sandboxed, SandboxUse, ShowValues
from reverse_etl.cli.session import Session
from reverse_etl.counting import plural
from reverse_etl.report.masking import mask, mask_within
from reverse_etl.report.results import response_dict
from reverse_etl.report.tables import table

if TYPE_CHECKING:
    from reverse_etl.snapshot.rejections import Rejection
    from reverse_etl.sync import BrokenSync, Sync
    from reverse_etl.warehouses.base import Warehouse

_HEADERS = ("sync", "key", "state", "code", "reason", "last seen (UTC)", "times", "Iterable answered")


def rejected(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows of each sync, the newest first.")] = 100,
    show_values: ShowValues = False,
    output: OutputFormat = Output.TEXT,
    sandbox: Sandboxed = False,
) -> None:
    """List the rows that were not accepted. They are invalid, rejected by Iterable, skipped, or failed."""
    session.use_sandbox(SandboxUse.LOOK, wanted=sandbox)
    console = session.console
    found = _listed(session, limit)
    rows = [_as_row(sync, held, show_values=show_values) for sync, held in found]
    if console.is_json or output is Output.JSON:
        names = ("sync", "key", "state", "code", "reason", "last_seen", "times")
        told = [_response(held, show_values=show_values) for _, held in found]
        listed = [{**dict(zip(names, row, strict=True)), **said} for row, said in zip(rows, told, strict=True)]
        console.json({"rejected": listed}, indent=2)
    elif rows:
        said = [_answer(held, show_values=show_values) for _, held in found]
        cells = [
            [*("null" if cell is None else cell for cell in row), one] for row, one in zip(rows, said, strict=True)
        ]
        console.lines(table(_HEADERS, cells))
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
    from reverse_etl.snapshot.rejections import requeue as requeue_rows
    from reverse_etl.snapshot.snapshot_reader import check_place

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


def _masked(held: Rejection, *, show_values: bool) -> Response | None:
    """What Iterable answered; its words may quote the key."""
    if held.response is None or show_values or held.identity is None:
        return held.response
    return replace(held.response, message=mask_within(held.response.message, held.identity))


def _answer(held: Rejection, *, show_values: bool) -> str:
    response = _masked(held, show_values=show_values)
    return "" if response is None else str(response)


def _response(held: Rejection, *, show_values: bool) -> dict[str, object]:
    return response_dict(_masked(held, show_values=show_values) or Response(0))


def _identities(keys: Sequence[str]) -> list[str]:
    """Keys as the sync snapshot has them: e-mails lower-cased and trimmed, user ids as they are.

    Each also with the mark of an identifier that stands in for the one that takes precedence.
    """
    from reverse_etl.sync import IdentityRule

    texts = [key.strip().lower() if "@" in key else key for key in keys]
    marks = ["", *(IdentityRule(name, ()).mark for name in ("email", "user_id"))]
    return [mark + text for text in texts for mark in marks]
