"""Values of the modelled world: model, destination, warehouse and runners. Knows no rule of the protocol.

Everything is a tuple of strings and integers, so that worlds are cheap to hash and compare by content.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

NOTHING = "nothing"  # a row that is not in the model, or that the destination does not hold

ACCEPTED, UNKNOWN, ABSENT = "accepted", "unknown", "absent"  # states of a snapshot entry
QUEUED, APPLIED, REFUSED = "queued", "applied", "refused"  # a request, and the two replies that may be on their way
GONE = 0  # the pid of no process: a free lease, or a request whose client no longer listens

Ordinals = frozenset[int]
NONE: Ordinals = frozenset()


class Entry(NamedTuple):
    """One row of the sync snapshot."""

    state: str
    value: str
    fence: int

    def claims(self, value: str) -> bool:
        """Whether this entry says that the destination holds exactly `value`."""
        return self.state != UNKNOWN and self.value == value


class Planned(NamedTuple):
    """One row of a plan; `replaces` names removed keys whose identity this row's key has taken over."""

    key: int
    value: str
    replaces: tuple[int, ...] = ()


class Journal(NamedTuple):
    """What the lease row keeps of the open run."""

    fence: int
    plan: tuple[Planned, ...]
    credit: int
    acknowledged: Ordinals = NONE
    rejected: Ordinals = NONE


class Lease(NamedTuple):
    fence: int = 0
    holder: int = GONE
    expired: bool = False
    open_run: Journal | None = None


class Runner(NamedTuple):
    """One process: `at` is its step; `sent` ordinals are behind it; `unknown` had an attempt without a reply."""

    pid: int
    at: str = "look"
    fence: int = 0
    plan: tuple[Planned, ...] = ()
    credit: int = 0
    sent: int = 0
    in_flight: Ordinals = NONE
    acknowledged: Ordinals = NONE
    unknown: Ordinals = NONE
    rejected: Ordinals = NONE
    retried: Ordinals = NONE

    @property
    def resolved(self) -> Ordinals:
        return self.acknowledged | self.rejected | self.unknown

    def journal(self, credit: int) -> Journal:
        return Journal(self.fence, self.plan, credit, self.acknowledged, self.rejected)


class Request(NamedTuple):
    """A request on the wire; `client` is the runner that waits for its reply."""

    fence: int
    ordinal: int
    key: int
    value: str
    client: int
    state: str = QUEUED


class Merge(NamedTuple):
    """A merge handed to the warehouse, which may execute it any time later, whether or not `client` lives."""

    client: int
    run: Journal


class Faults(NamedTuple):
    """How often each thing happened, or may happen, that the runner does not choose."""

    changes: int = 0
    starts: int = 0
    kills: int = 0
    timeouts: int = 0
    rejects: int = 0
    expiries: int = 0
    stops: int = 0
    resets: int = 0


class World(NamedTuple):
    """`model` and `snapshot` are by key, `destination` by identity."""

    model: tuple[str, ...]
    destination: tuple[str, ...]
    snapshot: tuple[Entry, ...]
    lease: Lease = Lease()
    runners: tuple[Runner, ...] = ()
    requests: tuple[Request, ...] = ()
    merges: tuple[Merge, ...] = ()
    faults: Faults = Faults()


def entry(value: str, fence: int = 0) -> Entry:
    """The entry for a value the destination holds; a tombstone where that is nothing."""
    return Entry(ABSENT if value == NOTHING else ACCEPTED, value, fence)


def put(items: tuple[str, ...], index: int, item: str) -> tuple[str, ...]:
    """A copy of `items` with one of them replaced."""
    return (*items[:index], item, *items[index + 1 :])


def advance(world: World, old: Runner, new: Runner) -> World:
    """The world after a runner moved on."""
    return world._replace(runners=tuple(new if runner is old else runner for runner in world.runners))


def leave(world: World, runner: Runner) -> World:
    """The world without this runner: replies to it are lost, its requests and merges on their way are not."""
    heard = [request for request in world.requests if request.client != runner.pid or request.state == QUEUED]
    return world._replace(
        runners=tuple(other for other in world.runners if other is not runner),
        requests=tuple(sorted(_orphaned(request, runner) for request in heard)),
        merges=tuple(sorted((_orphaned(merge, runner) for merge in world.merges), key=repr)),
    )


_Sent = TypeVar("_Sent", Request, Merge)


def _orphaned(sent: _Sent, runner: Runner) -> _Sent:
    return sent._replace(client=GONE) if sent.client == runner.pid else sent
