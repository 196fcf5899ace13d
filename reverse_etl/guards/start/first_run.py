"""The guard `first_run`: this would be the first run of the sync, and `first_run` is `stop`."""

from __future__ import annotations

import shlex

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext

STOP = "stop"


def _check(context: SendGuardContext) -> Problem | None:
    sync = context.sync
    if not is_to_come(context) or context.names_rows or sync.first_run != STOP:
        return None
    select = f"--select {shlex.quote(sync.name)}{context.command_flags}"
    return Problem(
        "guard-first-run",
        f"sync `{sync.name}`: this would be its {name_first_run(context)}, with {plural(context.added, 'row')} to send,"
        " and `first_run: stop` holds it back",
        f"If the rows are there already, run `{context.baseline_command}`: it sends nothing. To send all rows, run"
        f" `reverse-etl run {select} --allow first_run`.",
        {"rows to send": context.added, "rows of the model": context.model_rows, "relation": sync.relation},
    )


def is_to_come(context: SendGuardContext) -> bool:
    """Return whether this is a first run with rows to judge: one that left rows may have left none that are new."""
    return context.is_first_run and bool(context.added or not context.entries)


def name_first_run(context: SendGuardContext) -> str:
    """Return what the first run is called: an earlier run can have sent some of its rows."""
    return "first complete run" if context.entries else "first run"


GUARD = Guard(
    "first_run",
    Phase.SEND,
    "this would be the first run of the sync, and `first_run` is `stop`",
    _check,
    setting="first_run: send",
)
