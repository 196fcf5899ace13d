"""The guard `empty_model`: the model has no rows, and some were accepted before."""

from __future__ import annotations

from reverse_etl.change import Problem
from reverse_etl.counting import were
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext


def _check(context: SendGuardContext) -> Problem | None:
    if context.model_rows or not context.entries:
        return None
    sync, entries = context.sync, context.entries
    return Problem(
        "guard-empty-model",
        f"sync `{sync.name}`: model `{sync.model}` has no rows now, and {entries:,} {were(entries)} accepted before",
        "If the model is meant to be empty, run with `--allow empty_model`, or set `guards: {empty_model: false}`"
        " in the definition.",
        {"rows now": 0, "rows before": entries, "relation": sync.relation},
    )


GUARD = Guard("empty_model", Phase.SEND, "the model has no rows, and some were accepted before", _check, bool)
