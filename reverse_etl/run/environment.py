"""What a run gets from outside: clocks and chance, the invocation, and connections, as values.

Nothing else in `run/` reads a clock, draws a random number or opens a connection, so tests can replace all of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from reverse_etl.delivery.rate_limiter import RateLimiter, Time
from reverse_etl.delivery.retrying_caller import RetryingCaller
from reverse_etl.destinations import load_destination
from reverse_etl.destinations.base import DestinationConfig
from reverse_etl.destinations.request import Client, Endpoint
from reverse_etl.errors import ConfigError
from reverse_etl.events import Event, Listener
from reverse_etl.guards.inputs import snapshot
from reverse_etl.run.baseline.request import BaselineRequest
from reverse_etl.run.journeys.journey_reader import JourneyReader
from reverse_etl.run.wait_reporter import WaitReporter
from reverse_etl.settings import Settings
from reverse_etl.snapshot.run_history import RunOrigin
from reverse_etl.sync import Sync
from reverse_etl.warehouses.base import Warehouse


@dataclass(frozen=True)
class RunClock(Time):
    """Clocks and chance. `wall` returns the time of day in UTC as text, for people only; `new_id` a random id."""

    wall: Callable[[], str]
    new_id: Callable[[], str]


@dataclass(frozen=True)
class RowChoice:
    """Which rows of a plan are sent: the first `limit` rows of each sync (None: all), and `only` rows with these keys.

    Without keys, every row can be sent. Raises ConfigError if `limit` is not a whole number above 0.
    """

    limit: int | None = None
    only: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Return whether some rows of a plan are left out on purpose."""
        return self.limit is not None or bool(self.only)

    def __post_init__(self) -> None:
        """Check the limit, which can come from a caller in Python."""
        if self.limit is None or (type(self.limit) is int and self.limit > 0):
            return
        raise ConfigError(
            "wrong-limit",
            f"the limit must be a whole number of rows above 0, found {self.limit}",
            context={"limit": self.limit},
            hint="Give a number such as `--limit 100`, or leave the limit out to send every row.",
        )


@dataclass(frozen=True)
class Invocation:
    """One command: its id, the process it runs in, what its flags allow, and how to stop it.

    `process` is what a lease says about its holder; `is_alive` returns whether the process of such a note still runs,
    None if that cannot be known from here. `allowed` are the names after `--allow`. `wait` is the longest wait for a
    lease, in seconds. `stop` is asked before each request. `rows` chooses the rows to send; after `ends_at`, in
    seconds of the monotonic clock, no request starts. With a `baseline`, nothing is sent. `full_comparison`: syncs that
    are incremental compare all rows, too.
    """

    id: str
    listener: Listener
    process: Mapping[str, object]
    is_alive: Callable[[Mapping[str, object]], bool | None]
    allowed: Collection[str] = ()
    full_refresh: bool = False
    wait: float = 300.0
    stop: Callable[[], bool] = lambda: False
    baseline: BaselineRequest | None = None
    rows: RowChoice = RowChoice()
    ends_at: float = math.inf
    full_comparison: bool = False

    @property
    def passed_guards(self) -> Collection[str]:
        """Return the guards that are off in this run. A full refresh repairs a lost sync snapshot."""
        return {*self.allowed, snapshot.GUARD.name} if self.full_refresh else self.allowed

    def origin(self, overrode: Sequence[str] = ()) -> RunOrigin:
        """Return what the history says about who ran the command. `overrode` are guards that would have stopped it."""
        user, host = (str(self.process.get(key, "")) for key in ("user", "host"))
        return RunOrigin(user, host, tuple(sorted({*self.allowed})), tuple(overrode))


@dataclass(frozen=True)
class Connections:
    """How to reach the destinations and open a second session. `limiter` returns the rate limiter of an endpoint."""

    client: Callable[[DestinationConfig], Client]
    limiter: Callable[[DestinationConfig, Endpoint], RateLimiter]
    open_session: Callable[[], Warehouse] | None = None


@dataclass(frozen=True)
class ProjectSyncs:
    """The syncs of the project: the ones to a destination, and the names of all, including broken ones."""

    to_destination: Callable[[str], Sequence[Sync]] = lambda _destination: ()
    names: Callable[[], Collection[str]] = lambda: ()


@dataclass(frozen=True)
class RunEnvironment:
    """What a run gets from outside. `settings` are the settings of its sync, `journeys` are shared by all syncs."""

    settings: Settings
    clock: RunClock
    invocation: Invocation
    connections: Connections
    project: ProjectSyncs = ProjectSyncs()
    journeys: JourneyReader = field(default_factory=JourneyReader)

    def report(self, event: Event) -> None:
        """Hand an event to the listener of the command."""
        self.invocation.listener(event)

    def make_caller(self, client: Client, destination: DestinationConfig) -> RetryingCaller:
        """Return a caller for other requests than rows, at the rate that all syncs share."""
        limiter = partial(self.connections.limiter, destination)
        waits = WaitReporter(self.clock, self.invocation.listener)
        replies, attempts = load_destination(destination.kind).replies, self.settings.attempts
        return RetryingCaller(client, replies, self.clock, attempts, limiter, self.invocation.stop, waits)
