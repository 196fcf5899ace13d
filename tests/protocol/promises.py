"""What a world must never break. Knows no step: a promise is read off one world."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .journal import effective
from .plan import nothing_to_do
from .rules import Rules
from .world import ACCEPTED, NOTHING, QUEUED, UNKNOWN, Entry, World

Promise = Callable[[World, Rules], str]  # what is broken, or an empty string


def sound(world: World, rules: Rules) -> str:
    """The master invariant: an entry never claims more than the destination holds and will go on holding."""
    snapshot = effective(world, rules)
    for identity, held in enumerate(world.destination):
        possible = {held, *_late_values(world, rules, identity)}
        for claimed in _claims([known for known, at in zip(snapshot, rules.identities, strict=True) if at == identity]):
            if possible != {claimed}:
                return f"the snapshot claims {claimed}, the destination may hold {' or '.join(sorted(possible))}"
    return ""


def nothing_lost(world: World, rules: Rules) -> str:
    """When all is quiet and a look finds nothing to do, the destination holds the model.

    An identity that two rows of the model share is invalid in both.
    """
    busy = world.requests or world.merges or any(runner.at not in {"look", "acquire"} for runner in world.runners)
    if busy or not nothing_to_do(world, rules):
        return ""
    for identity, held in enumerate(world.destination):
        rows = [value for value, at in zip(world.model, rules.identities, strict=True) if at == identity]
        live = [value for value in rows if value != NOTHING]
        if len(live) < 2 and [held] != (live or [NOTHING]):
            return f"lost for good: the model says {' '.join(live) or NOTHING}, the destination holds {held}"
    return ""


def bounded_repeats(world: World, rules: Rules) -> str:
    """A kill now makes at most a window of rows unknown, and rows of requests without a reply."""
    run = world.lease.open_run
    if run is None:
        return ""
    answered = run.acknowledged | run.rejected
    open_rows = sum(ordinal not in answered for ordinal in range(run.credit))
    if open_rows > rules.window + world.faults.timeouts:
        return f"a kill now makes {open_rows} rows unknown, the window is {rules.window}"
    return ""


def _claims(entries: list[Entry]) -> set[str]:
    """Accepted entries claim their value. A tombstone claims that there is nothing. In doubt there is no claim."""
    if any(known.state == UNKNOWN for known in entries):
        return set()
    return {known.value for known in entries if known.state == ACCEPTED} or {NOTHING}


def _late_values(world: World, rules: Rules, identity: int) -> Iterator[str]:
    for request in world.requests:
        if request.state == QUEUED and rules.identities[request.key] == identity:
            yield request.value
