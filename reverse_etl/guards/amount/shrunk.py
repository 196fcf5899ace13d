"""The guard `shrunk`: the model lost too many rows since the last run, although nothing is removed for them."""

from __future__ import annotations

from pydantic import Field as Key

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.guards.share import ShareEntry, percentage, setting_of

_NAME = "shrunk"


class ShrunkEntry(ShareEntry):
    """A limit for the rows that the model lost."""

    percent: float = Key(default=30, ge=0, le=100)
    rows: int = Key(default=50, ge=0, description="a loss of so many rows or fewer never stops a run")


def _check(context: SendGuardContext) -> Problem | None:
    limit, lost, before = setting_of(context.sync.guards, _NAME, ShrunkEntry()), _lost(context), context.rows_before
    # The guards `removed` and `empty_model` judge the same rows in those cases.
    if context.sync.on_removed != "ignore" or not context.model_rows or not limit.exceeded(lost, before):
        return None
    return Problem(
        "guard-shrunk",
        f"sync `{context.sync.name}`: model `{context.sync.model}` lost {lost:,} of {plural(before, 'row')}"
        f" ({percentage(lost, before)}) since the last run",
        "If that is right, run with `--allow shrunk`, or raise `guards: {shrunk: {percent: …, rows: …}}` in the"
        " definition. A run with `--allow shrunk` counts these rows once.",
        {"rows before": before, "rows now": context.model_rows, "limit": str(limit)},
    )


def _lost(context: SendGuardContext) -> int:
    """Return how many rows the model lost.

    A model of things that happened may hold only the newest of them, so new rows make up for old ones.
    """
    if context.is_log:
        return context.rows_before - context.model_rows
    # With `--allow column_drift`, rows that came back under another identifier are not lost.
    return context.removed - (context.renamed if "column_drift" in context.allowed else 0)


GUARD = Guard(
    _NAME,
    Phase.SEND,
    "the model lost too many rows since the last run, and the sync ignores removed rows",
    _check,
    bool | ShrunkEntry,
    ShrunkEntry(),
)
