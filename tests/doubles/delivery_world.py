"""A delivery over real HTTP with a clock that only sleeping moves; every run is checked for one outcome per row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from reverse_etl.change import Outcome, PastFailure, Problem
from reverse_etl.delivery.batch_sender import BatchSender
from reverse_etl.delivery.open_requests import RequestCounts
from reverse_etl.delivery.rate_limiter import Budget, RateLimiter, Time
from reverse_etl.delivery.request_engine import SendContext
from reverse_etl.delivery.retrying_caller import InlineExecutor, RetryingCaller
from reverse_etl.destinations.iterable.protocol.client import HttpClient
from reverse_etl.destinations.iterable.protocol.client_config import ClientConfig
from reverse_etl.destinations.iterable.protocol.replies import IterableReplies
from reverse_etl.destinations.replies import ReplyRules
from reverse_etl.destinations.request import Client
from reverse_etl.secret import Secret

KEY = "sandbox-0123456789abcdef"


class Clock:
    """Seconds that pass only during a sleep."""

    def __init__(self):
        self.now = 1000.0
        self._lock = threading.Lock()

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        assert seconds > 0
        with self._lock:
            self.now += seconds


@dataclass
class Delivered:
    accepted: set[int] = field(default_factory=set)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    dropped_fields: set[str] = field(default_factory=set)
    problem: Problem | None = None
    counts: RequestCounts = field(default_factory=RequestCounts)

    @property
    def statuses(self):
        return {ordinal: outcome.status.value for ordinal, outcome in self.outcomes.items()}

    def take(self, settled):
        fates = [*settled.accepted, *(outcome.ordinal for outcome in settled.outcomes)]
        assert len(fates) == len(set(fates))
        assert not set(fates) & (self.accepted | set(self.outcomes)), "a row was settled twice"
        self.accepted |= set(settled.accepted)
        self.outcomes |= {outcome.ordinal: outcome for outcome in settled.outcomes}
        self.dropped_fields |= set(settled.dropped_fields)


def connect_to_iterable(url, timeout):
    return HttpClient(ClientConfig(url, Secret(KEY), timeout), lambda: 0.0)


@dataclass
class World:
    """What a delivery needs. Change the fields before `deliver`."""

    url: str
    clock: Clock
    executor: Executor = field(default_factory=InlineExecutor)
    chance: float = 0.5
    concurrency: int = 4
    attempts: int = 5
    per_second: float = 0.0
    per_day: int | None = None
    timeout: float = 10.0
    batch_rows: int = 1000
    allowed: object = None
    budget: Budget = field(default_factory=Budget)
    past: dict[int, PastFailure] = field(default_factory=dict)
    replies: ReplyRules = field(default_factory=IterableReplies)
    connect: Callable[[str, float], Client] = connect_to_iterable

    @property
    def time(self):
        return Time(self.clock.monotonic, self.clock.sleep, lambda: self.chance)

    def client(self):
        return self.connect(self.url, self.timeout)

    def line(self, client):
        allowed = self.allowed or (lambda: True)
        return SendContext(
            client,
            self.replies,
            self.executor,
            self.time,
            allowed,
            self.concurrency,
            self.attempts,
            budget=self.budget,
        )

    def caller(self, client, attempts, limiter=None):
        return RetryingCaller(client, self.replies, self.time, attempts, limiter)

    def limiter(self):
        return RateLimiter(self.per_second, self.clock.monotonic, self.per_day)

    def deliver(self, operation, changes: Sequence) -> Delivered:
        client = self.client()
        line = self.line(client)
        delivery = BatchSender(operation, line, self.limiter(), self.batch_rows, self.past)
        result = Delivered(counts=line.counts)
        try:
            for settled in delivery.run(iter([changes])):
                if settled is not None:
                    result.take(settled)
        finally:
            client.close()
        result.problem = delivery.problem
        assert result.accepted | set(result.outcomes) == {change.ordinal for change in changes}
        assert line.breaker.settled == len(changes) - sum(o.code == "row-too-large" for o in result.outcomes.values())
        return result
