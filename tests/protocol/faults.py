"""What a runner does not choose: the model, the network, the destination, the clock, and being killed.

Yields the moves of everything but the runners. Knows no step of the protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .journal import merge
from .world import (
    ABSENT,
    APPLIED,
    GONE,
    NOTHING,
    QUEUED,
    REFUSED,
    UNKNOWN,
    Entry,
    Request,
    Runner,
    World,
    advance,
    entry,
    leave,
    put,
)

if TYPE_CHECKING:
    from .rules import Rules
    from .steps import Moves

RUNNERS = 2  # alive at once


def surroundings(world: World, rules: Rules) -> Moves:
    """Everything that can happen next without a runner's doing."""
    yield from _model(world, rules)
    yield from _processes(world, rules)
    yield from _lease(world, rules)
    yield from _reset(world, rules)
    for index, request in enumerate(world.requests):
        rest = (*world.requests[:index], *world.requests[index + 1 :])
        if request.state == QUEUED:
            yield from _destination(world, rules, request, rest)
        if request.client != GONE:
            yield from _network(world, rules, request, rest)
    yield from _warehouse(world, rules)


def _model(world: World, rules: Rules) -> Moves:
    if world.faults.changes == rules.limits.changes:
        return
    faults = world.faults._replace(changes=world.faults.changes + 1)
    for key, now in enumerate(world.model):
        for value in rules.values:
            if value != now:
                yield f"model: key {key} = {value}", world._replace(model=put(world.model, key, value), faults=faults)


def _processes(world: World, rules: Rules) -> Moves:
    if world.faults.starts < rules.limits.starts and len(world.runners) < RUNNERS:
        faults = world.faults._replace(starts=world.faults.starts + 1)
        started = Runner(faults.starts)
        yield f"p{started.pid} starts", world._replace(runners=(*world.runners, started), faults=faults)
    if world.faults.kills < rules.limits.kills:
        faults = world.faults._replace(kills=world.faults.kills + 1)
        for runner in world.runners:
            yield f"p{runner.pid} is killed at {runner.at}", leave(world, runner)._replace(faults=faults)


def _lease(world: World, rules: Rules) -> Moves:
    if world.lease.holder == GONE or world.lease.expired:
        return
    expired = world._replace(lease=world.lease._replace(expired=True))
    if all(runner.pid != world.lease.holder for runner in world.runners):
        yield "the lease of a dead runner expires", expired
    elif world.faults.expiries < rules.limits.expiries:
        faults = world.faults._replace(expiries=world.faults.expiries + 1)
        yield "the lease of a live runner expires", expired._replace(faults=faults)


def _reset(world: World, rules: Rules) -> Moves:
    if world.faults.resets == rules.limits.resets or world.lease.holder != GONE or world.runners:
        return
    if rules.reset_keeps_entries:
        snapshot = tuple(old if old.state == ABSENT else Entry(UNKNOWN, NOTHING, old.fence) for old in world.snapshot)
    else:
        snapshot = tuple(entry(NOTHING) for _ in world.snapshot)
    faults = world.faults._replace(resets=world.faults.resets + 1)
    lease = world.lease._replace(open_run=None)
    yield "the sync is reset", world._replace(snapshot=snapshot, lease=lease, faults=faults)


def _destination(world: World, rules: Rules, request: Request, rest: tuple[Request, ...]) -> Moves:
    what = f"key {request.key} = {request.value} of run {request.fence}"
    applied = world._replace(
        destination=put(world.destination, rules.identities[request.key], request.value), requests=rest
    )
    if request.client == GONE:
        yield f"late: the destination applies {what}", applied
        yield f"late: {what} never arrives", world._replace(requests=rest)
        return
    yield f"the destination applies {what}", _with(applied, request._replace(state=APPLIED))
    if world.faults.rejects < rules.limits.rejects:
        faults = world.faults._replace(rejects=world.faults.rejects + 1)
        refused = _with(world._replace(requests=rest), request._replace(state=REFUSED))
        yield f"the destination rejects {what}", refused._replace(faults=faults)


def _network(world: World, rules: Rules, request: Request, rest: tuple[Request, ...]) -> Moves:
    """The reply arrives, or the runner stops waiting for it."""
    runner = next(runner for runner in world.runners if runner.pid == request.client)
    ordinal = frozenset({request.ordinal})
    heard = runner._replace(in_flight=runner.in_flight - ordinal)
    answered = world._replace(requests=rest)
    if world.faults.timeouts < rules.limits.timeouts:
        faults = world.faults._replace(timeouts=world.faults.timeouts + 1)
        on_wire = _with(answered, request._replace(client=GONE)) if request.state == QUEUED else answered
        doubtful = advance(on_wire, runner, heard._replace(unknown=runner.unknown | ordinal))
        yield f"p{runner.pid} times out on key {request.key}, {request.state}", doubtful._replace(faults=faults)
    if request.state == APPLIED:
        sure = heard._replace(acknowledged=runner.acknowledged | ordinal, unknown=runner.unknown - ordinal)
        yield f"p{runner.pid} hears that key {request.key} is accepted", advance(answered, runner, sure)
    if request.state == REFUSED:
        if not (ordinal <= runner.unknown and rules.unknown_is_sticky):
            heard = heard._replace(rejected=runner.rejected | ordinal, unknown=runner.unknown - ordinal)
        yield f"p{runner.pid} hears that key {request.key} is rejected", advance(answered, runner, heard)


def _warehouse(world: World, rules: Rules) -> Moves:
    for index, submitted in enumerate(world.merges):
        rest = (*world.merges[:index], *world.merges[index + 1 :])
        merged = world._replace(snapshot=merge(world, submitted.run, rules), merges=rest)
        yield f"the warehouse executes the merge of run {submitted.run.fence}", merged


def _with(world: World, request: Request) -> World:
    return world._replace(requests=tuple(sorted((*world.requests, request))))
