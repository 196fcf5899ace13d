"""The guard `build`: the last build of the model failed, or the last run of a test on it or upstream of it."""

from __future__ import annotations

from reverse_etl.change import Problem
from reverse_etl.guards.guard import BuildGuardContext, Guard, Phase


def _check(context: BuildGuardContext) -> Problem | None:
    sync, hold = context.sync, context.hold
    if hold is None:
        return None
    return Problem(
        "guard-build",
        f"sync `{sync.name}` was skipped: {hold.sentence}",
        f"{hold.remedy}. To send what is there, run with `--allow build`, or set `guards: {{build: false}}`"
        " in the definition.",
        {"model": sync.model, "file": sync.file},
    )


GUARD = Guard(
    "build",
    Phase.BUILD,
    "the last build of the model failed, or the last run of a test on it or upstream of it",
    _check,
    bool,
)
