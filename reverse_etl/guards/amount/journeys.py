"""The guard `journeys`: more rows than the definition allows may start something at the destination by themselves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Key

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.sync import Sync

_NAME = "journeys"
_MOST_NAMES = 5


class JourneyLimits(EntryPart):
    """How many rows may enter journeys before a run warns or stops."""

    warn: int | None = Key(default=None, ge=0, description="a warning if more rows than this may enter journeys")
    stop: int | None = Key(default=None, ge=0, description="the run stops if more rows than this may enter journeys")


def journey_limits(sync: Sync) -> JourneyLimits | None:
    """Return the limits of a sync; None if its definition does not turn the guard on."""
    setting = sync.guards.get(_NAME, False)
    if isinstance(setting, JourneyLimits):
        return setting
    return JourneyLimits(**{setting: 0}) if setting in ("warn", "stop") else None


def find_journey_warning(context: SendGuardContext) -> str:
    """Return the warning about rows that may enter journeys, as a sentence; empty if there is none."""
    limits = journey_limits(context.sync)
    if limits is None or limits.warn is None:
        return ""
    if context.journeys_unread:
        return f"the journeys could not be read: {context.journeys_unread}"
    if context.journey_rows <= limits.warn:
        return ""
    return f"{_rows_and_journeys(context)}; the guard `{_NAME}` warns from {limits.warn + 1:,} on"


def _check(context: SendGuardContext) -> Problem | None:
    sync, limits = context.sync, journey_limits(context.sync)
    if limits is None or limits.stop is None:
        return None
    off = f"set `guards: {{{_NAME}: false}}` in the definition"
    if context.journeys_unread:
        return Problem(
            "guard-journeys",
            f"sync `{sync.name}`: the journeys could not be read, so the number of rows that may start one is unknown",
            f"Use an API key that may read journeys, or run with `--allow {_NAME}`, or {off}.",
            {"reason": context.journeys_unread},
        )
    if context.journey_rows <= limits.stop:
        return None
    return Problem(
        "guard-journeys",
        f"sync `{sync.name}`: {_rows_and_journeys(context)}",
        f"`plan` shows which rows start which journey. If that is right, run with `--allow {_NAME}`, or raise"
        f" `guards: {{{_NAME}: {{stop: …}}}}` in the definition.",
        {"rows": context.journey_rows, "limit": limits.stop},
    )


def _rows_and_journeys(context: SendGuardContext) -> str:
    names = context.journey_names
    shown = ", ".join(f"'{name}'" for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    which = f": {shown}{more}" if names else ""
    return f"{plural(context.journey_rows, 'row')} may enter enabled journeys{which}"


GUARD = Guard(
    _NAME,
    Phase.SEND,
    "more rows than a number that you set may enter journeys at the destination",
    _check,
    Literal[False, "warn", "stop"] | JourneyLimits,
    default=False,
)
