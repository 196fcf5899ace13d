"""Breadth-first search through every world a variant can reach. Knows no step and no fault by name."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from .faults import surroundings
from .steps import Moves, moves

if TYPE_CHECKING:
    from .promises import Promise
    from .rules import Rules
    from .world import World


class Finding(NamedTuple):
    """`broken` is empty where every reachable world keeps the promises; else `path` is a shortest way to one."""

    worlds: int
    broken: str = ""
    path: tuple[str, ...] = ()


def successors(world: World, rules: Rules) -> Moves:
    """Every world that may be next, with what happened."""
    yield from surroundings(world, rules)
    for runner in world.runners:
        yield from moves(world, runner, rules)


def explore(rules: Rules, *promises: Promise) -> Finding:
    """Visit every reachable world, nearest first, until one breaks a promise."""
    first = rules.first_world()
    came_from: dict[World, tuple[str, World] | None] = {first: None}
    queue = deque([first])
    while queue:
        world = queue.popleft()
        for promise in promises:
            if broken := promise(world, rules):
                return Finding(len(came_from), broken, _path(came_from, world))
        for label, following in successors(world, rules):
            if following not in came_from:
                came_from[following] = (label, world)
                queue.append(following)
    return Finding(len(came_from))


def _path(came_from: dict[World, tuple[str, World] | None], world: World) -> tuple[str, ...]:
    labels: list[str] = []
    while (step := came_from[world]) is not None:
        label, world = step
        labels.append(label)
    return tuple(reversed(labels))
