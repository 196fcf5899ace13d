"""The guard `added`: the model has grown by too many rows since the last run."""

from __future__ import annotations

from pydantic import Field as Key

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.guards.share import ShareEntry, percentage, setting_of

_NAME = "added"


class AddedEntry(ShareEntry):
    """A limit for the growth of the model."""

    percent: float = Key(default=100, ge=0)
    rows: int = Key(default=1_000, ge=0, description="growth by so many rows or fewer never stops a run")


def _check(context: SendGuardContext) -> Problem | None:
    limit, before = setting_of(context.sync.guards, _NAME, AddedEntry()), context.rows_before
    grown = min(context.added, context.model_rows - before)
    if not context.entries or not limit.exceeded(grown, before):
        return None
    return Problem(
        "guard-added",
        f"sync `{context.sync.name}`: model `{context.sync.model}` grew by {plural(grown, 'row')}"
        f" ({percentage(grown, before)}) since the last run",
        "If that is right, run with `--allow added`, or raise `guards: {added: {percent: …, rows: …}}` in the"
        " definition.",
        {"rows before": before, "rows now": context.model_rows, "added": context.added, "limit": str(limit)},
    )


GUARD = Guard(
    _NAME,
    Phase.SEND,
    "the model grew by too many rows since the last run",
    _check,
    bool | AddedEntry,
    AddedEntry(),
)
