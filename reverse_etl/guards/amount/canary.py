"""The guard `canary`: the first rows of a large plan go first, and too many of them were rejected."""

from __future__ import annotations

from pydantic import Field as Key

from reverse_etl.change import Problem
from reverse_etl.counting import plural, were
from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.guards.guard import CanaryGuardContext, Guard, Phase
from reverse_etl.guards.share import percentage, setting_of

_NAME = "canary"


class CanaryEntry(EntryPart):
    """A limit for the rejected rows of the canary."""

    rejected: float | None = Key(
        default=None, ge=0, le=100, description="percent of the first rows; default: as `reject_limit` for all rows"
    )


def _check(context: CanaryGuardContext) -> Problem | None:
    sync, rejected, sent = context.sync, context.rejected, context.sent
    limit = setting_of(sync.guards, _NAME, CanaryEntry()).rejected
    if not _exceeds(context, limit):
        return None
    return Problem(
        "guard-canary",
        f"sync `{sync.name}`: {rejected:,} of the first {plural(sent, 'row')} ({percentage(rejected, sent)})"
        f" {were(rejected)} rejected, so no further row was sent",
        f"`reverse-etl rejected --select {sync.name}{context.command_flags}` lists them. Fix the model or the"
        " definition. To send the rest anyway, run with `--allow canary`, or set `guards: {canary: {rejected: …}}` in"
        " the definition.",
        {
            "rejected": rejected,
            "rows sent first": sent,
            "rows of the plan": context.planned,
            "limit": str(sync.reject_limit) if limit is None else f"{limit:g} %",
            "most frequent reason": context.reason,
        },
    )


def _exceeds(context: CanaryGuardContext, limit: float | None) -> bool:
    """Return whether the rows are too many by their share, or would be, if all rows of the plan were like them."""
    rejected, sent = context.rejected, max(context.sent, 1)
    if limit is not None:
        return rejected * 100 > limit * sent
    return context.sync.reject_limit.exceeded(rejected * context.planned // sent, context.planned)


GUARD = Guard(
    _NAME,
    Phase.CANARY,
    "of the first rows of a plan over 1,000 rows, too many were rejected",
    _check,
    bool | CanaryEntry,
    CanaryEntry(),
)
