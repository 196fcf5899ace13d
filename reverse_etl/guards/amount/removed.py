"""The guard `removed`: too many of the accepted rows would be removed, counting the last hours too."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pydantic import Field as Key

from reverse_etl.change import Problem
from reverse_etl.counting import agree, plural
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.guards.limit import LimitEntry
from reverse_etl.sync import Limit, Sync

_NAME = "removed"


@dataclass(frozen=True)
class RemovalLimit(Limit):
    """Too many removed rows. `hours`: how far back removals of earlier runs count too; 0: this run only."""

    # A little less than a day: a nightly run is judged on its own even if it starts early.
    hours: float = 20


class RemovedEntry(LimitEntry):
    """A limit for removed rows, over a window of time."""

    hours: float = Key(
        default=RemovalLimit.hours,
        ge=0,
        description="rows removed in so many hours before count too; 0: this run only",
    )

    def limit(self) -> RemovalLimit:
        """Return the limit as a value."""
        return RemovalLimit(**asdict(super().limit()), hours=self.hours)


def removal_limit(sync: Sync) -> RemovalLimit | None:
    """Return the limit of a sync; None if its definition turns the guard off."""
    setting = sync.guards.get(_NAME, True)
    if isinstance(setting, RemovedEntry):
        return setting.limit()
    return None if setting is False else RemovalLimit()


def _check(context: SendGuardContext) -> Problem | None:
    sync, now, before = context.sync, context.removed, context.removed_before
    limit, removed, rows = removal_limit(sync), now + before, context.entries + before
    if limit is None or sync.on_removed == "ignore" or not now or not limit.exceeded(removed, rows):
        return None
    share = 100 * removed / max(rows, 1)
    span = f"{limit.hours:g} {agree(limit.hours, 'hour', 'hours')}"
    since = f", with the removals of the last {span}," if before else ""
    figures = {"removed in this run": now, f"removed in the last {span}": before} if before else {"removed": now}
    return Problem(
        "guard-removed",
        f"sync `{sync.name}`: {removed:,} of {plural(rows, 'row')} ({share:.1f} %){since} would be removed"
        f" (`{'mode: mirror' if sync.mode == 'mirror' else f'on_removed: {sync.on_removed}'}`)",
        "If that is right, run with `--allow removed`, or raise"
        " `guards: {removed: {percent: …, rows: …, share: …, hours: …}}` in the definition.",
        {**figures, "rows before": rows, "limit": str(limit)},
    )


GUARD = Guard(
    _NAME,
    Phase.SEND,
    "too many of the accepted rows would be removed",
    _check,
    bool | RemovedEntry,
    RemovedEntry(),
)
