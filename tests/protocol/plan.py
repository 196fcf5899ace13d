"""The diff: which rows a run has to send, if any. Knows no runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .world import NOTHING, Planned, World

if TYPE_CHECKING:
    from .rules import Rules


def planned_rows(world: World, rules: Rules) -> tuple[Planned, ...]:
    """Every key whose snapshot entry does not claim the model's value, one row per identity.

    A removed key whose identity now belongs to another row is not deleted: that row is sent (again) in its place.
    Rows that share an identity are invalid and held back.
    """
    changed = [key for key, value in enumerate(world.model) if not world.snapshot[key].claims(value)]
    if len(set(rules.identities)) == len(rules.identities) or not rules.replaces_identities:
        return tuple(Planned(key, world.model[key]) for key in changed)
    rows = [_row(world, rules, identity, changed) for identity in sorted(set(rules.identities))]
    return tuple(row for row in rows if row is not None)


def nothing_to_do(world: World, rules: Rules) -> bool:
    """What look asks: no row to send, and no run left open whose rows are in doubt."""
    minded = world.lease.open_run is not None and rules.look_minds_open_run
    return not minded and not planned_rows(world, rules)


def _row(world: World, rules: Rules, identity: int, changed: list[int]) -> Planned | None:
    keys = [key for key, kept_at in enumerate(rules.identities) if kept_at == identity]
    live = [key for key in keys if world.model[key] != NOTHING]
    concerned = [key for key in keys if key in changed]
    if not concerned or len(live) > 1:
        return None
    key = live[0] if live else concerned[0]
    return Planned(key, world.model[key], tuple(other for other in concerned if other != key))
