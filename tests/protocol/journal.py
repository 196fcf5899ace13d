"""The merge: what a run's journal makes of the sync snapshot. Knows no runner and no request."""

from __future__ import annotations

from .rules import Commit, Rules
from .world import NOTHING, UNKNOWN, Entry, Journal, World, entry


def merge(world: World, run: Journal, rules: Rules) -> tuple[Entry, ...]:
    """The sync snapshot with `run` rolled forward over it.

    Acknowledged rows are accepted (or leave a tombstone), rejected rows stay as they are, and everything that may have
    been sent besides becomes unknown. Entries of a later run stay unchanged.
    """
    snapshot = list(world.snapshot)
    for ordinal, planned in enumerate(run.plan):
        written = _written(world, run, ordinal, rules)
        if written is None:
            continue
        freed = written if written.state == UNKNOWN else entry(NOTHING, written.fence)
        for key, new in ((planned.key, written), *((key, freed) for key in planned.replaces)):
            if not (_fences_entries(rules) and snapshot[key].fence > run.fence):
                snapshot[key] = new
    return tuple(snapshot)


def effective(world: World, rules: Rules) -> tuple[Entry, ...]:
    """The sync snapshot as recovery would leave it now."""
    run = world.lease.open_run
    return world.snapshot if run is None else merge(world, run, rules)


def _written(world: World, run: Journal, ordinal: int, rules: Rules) -> Entry | None:
    fence = run.fence if _fences_entries(rules) else 0
    if ordinal in run.acknowledged:
        planned = run.plan[ordinal]
        value = planned.value if rules.commits_the_plan else world.model[planned.key]
        return entry(value, fence if rules.keeps_tombstones or value != NOTHING else 0)
    if ordinal in run.rejected or ordinal >= run.credit or not rules.unsettled_become_unknown:
        return None
    return Entry(UNKNOWN, NOTHING, fence)


def _fences_entries(rules: Rules) -> bool:
    # Where merge and lease are checked together no merge comes late, and fences on entries would only add worlds.
    return rules.commit is Commit.STATEMENTS and rules.fences_entries
