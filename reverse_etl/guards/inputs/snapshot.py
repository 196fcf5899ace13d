"""The guard `snapshot`: the tables that say what was accepted were lost, edited by hand or restored."""

from __future__ import annotations

from reverse_etl.change import Problem
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext


def _check(context: SendGuardContext) -> Problem | None:
    if not context.damage:
        return None
    name = context.sync.name
    return Problem(
        "guard-snapshot",
        f"sync `{name}`: its sync snapshot cannot be trusted: {context.damage}",
        "Restore the tables of this sync from one backup. Or send every row again, events too: with"
        f" `run --full-refresh`, or from the start after `reverse-etl state reset --select {name}`. Rows that"
        " have left the model since then stay at the destination. If entries were deleted on purpose, run with"
        " `--allow snapshot`.",
        {**context.damage_facts, "table": context.snapshot_table},
    )


GUARD = Guard(
    "snapshot",
    Phase.SEND,
    "the sync snapshot was lost, edited by hand or restored",
    _check,
)
