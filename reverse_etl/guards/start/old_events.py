"""The guard `old_events`: the first run would send things that happened long ago, as if they happened now."""

from __future__ import annotations

import shlex
from datetime import timedelta

from pydantic import Field as Key

from reverse_etl.change import Problem
from reverse_etl.counting import agree, plural
from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.guards.start import first_run
from reverse_etl.guards.start.oldest_row import OldestRow
from reverse_etl.sync import Sync

_NAME = "old_events"


class OldEventsEntry(EntryPart):
    """How old the oldest row of a first run may be."""

    days: float = Key(default=3, ge=0, description="age in days of the oldest row that a first run may send")


def oldest_allowed_days(sync: Sync) -> float | None:
    """Return the limit of a sync in days; None if its definition turns the guard off, or says `first_run: send`."""
    setting = sync.guards.get(_NAME, True)
    if setting is False or sync.first_run == "send":
        return None
    return (setting if isinstance(setting, OldEventsEntry) else OldEventsEntry()).days


def _check(context: SendGuardContext) -> Problem | None:
    sync, oldest, days = context.sync, context.oldest_row, oldest_allowed_days(context.sync)
    if not first_run.is_to_come(context) or oldest is None or days is None or oldest.age <= timedelta(days=days):
        return None
    what = f"its {first_run.name_first_run(context)} would send {plural(context.added, 'row')}"
    return Problem(
        "guard-old-events",
        f"sync `{sync.name}`: {what}, and the oldest one is from {_shown(oldest)} UTC,"
        f" {plural(oldest.age.days, 'day')} ago. Old rows can start messages as if they were new",
        _ways_on(context, oldest, days),
        {
            "rows to send": context.added,
            "oldest row": f"{_shown(oldest)} UTC",
            "limit": f"{days:g} {agree(days, 'day', 'days')}",
            "relation": sync.relation,
        },
    )


def _ways_on(context: SendGuardContext, oldest: OldestRow, days: float) -> str:
    """Return how to take the old rows as sent, and how to send them."""
    select = f"--select {shlex.quote(context.sync.name)}{context.command_flags}"
    until = f"{oldest.now - timedelta(days=days):%Y-%m-%d}"
    return (
        f"To send only what is new, run `reverse-etl baseline {select} --trust --until '{until}'`: rows up to then"
        f" count as sent. To send all rows, run `reverse-etl run {select} --allow old_events`, or set"
        " `guards: {old_events: {days: …}}`."
    )


def _shown(oldest: OldestRow) -> str:
    return f"{oldest.time:%Y-%m-%d %H:%M:%S}"


GUARD = Guard(
    _NAME,
    Phase.SEND,
    "the first run would send events or purchases that are older than 3 days",
    _check,
    bool | OldEventsEntry,
    OldEventsEntry(),
)
