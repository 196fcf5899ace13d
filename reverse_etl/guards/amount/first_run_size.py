"""The guard `first_run_size`: a first run would send very many rows."""

from __future__ import annotations

from pydantic import Field as Key

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.guards.share import setting_of

_NAME = "first_run_size"


class FirstRunEntry(EntryPart):
    """A limit for the rows that a first run sends."""

    rows: int = Key(default=100_000, ge=0, description="most rows that a first run sends")


def _check(context: SendGuardContext) -> Problem | None:
    limit = setting_of(context.sync.guards, _NAME, FirstRunEntry())
    unsent = _rows_of_first_run(context)
    rows = unsent if context.most_rows is None else min(unsent, context.most_rows)
    if rows <= limit.rows:
        return None
    what = "the rest of its first run" if context.entries else "its first run"
    minutes = max(1, round(context.seconds / 60))
    requests = plural(context.requests, "request")
    fields = f" It may create {plural(context.fields, 'field')}, which stay permanently." if context.fields else ""
    return Problem(
        "guard-first-run-size",
        f"sync `{context.sync.name}`: {what} would send {plural(rows, 'row')}: at least {requests} and"
        f" {plural(minutes, 'minute')}.{fields}",
        "`reverse-etl plan` shows what would be sent. If that is right, run with `--allow first_run_size`, or raise"
        " `guards: {first_run_size: {rows: …}}` in the definition. If the destination has the rows already, run"
        f" `{context.baseline_command}`.",
        {"rows": rows, "requests": context.requests, "limit": plural(limit.rows, "row")},
    )


def _rows_of_first_run(context: SendGuardContext) -> int:
    """Return how many rows a first run would send; also the rest, while less than half of its rows were accepted."""
    if not context.entries:
        # After `--allow snapshot`, a lost sync snapshot is no first run.
        return context.added if context.is_first_run else 0
    grown = max(context.model_rows - context.rows_before, 0)
    rest = context.added - grown
    return rest if rest > context.entries else 0


GUARD = Guard(
    _NAME,
    Phase.SEND,
    "a first run would send too many rows",
    _check,
    bool | FirstRunEntry,
    FirstRunEntry(),
)
