"""The guard `target`: the dbt target of the command may not send to this destination."""

from __future__ import annotations

from reverse_etl.change import Problem
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext


def _check(context: SendGuardContext) -> Problem | None:
    sync, targets, destination = context.sync, context.allowed_targets, context.destination
    if not targets or sync.target in targets:
        return None
    listed = ", ".join(f"`{name}`" for name in targets)
    return Problem(
        "target-not-allowed",
        f"sync `{sync.name}`: target `{sync.target}` may not send to destination `{destination}`, only {listed} may",
        f"Run with `-t {targets[0]}`. With this target use `plan`, or `run --sandbox`. `targets` of the"
        " destination in reverse_etl.yml lists the targets that may send.",
        {"target": sync.target, "destination": destination, "targets": ", ".join(targets)},
    )


GUARD = Guard(
    "target",
    Phase.SEND,
    "`targets` of the destination does not list the dbt target of the command",
    _check,
    can_be_allowed=False,
    for_baseline=True,
)
