"""Engine: carries requests to Iterable, a few at once, paced, retried within bounds; knows nothing of rows.

Everything is decided in the caller's thread: workers make one attempt each. So the order of decisions is that of the
replies, the caller can do its own work between them, and with an executor that works in place nothing runs in parallel.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.delivery.limits import daily_limit, throttled_problem
from reverse_etl.delivery.rate_limiter import Budget, Pacer, Time, Wait, backoff, ignore_wait, rate_wait, throttle
from reverse_etl.destinations.iterable.protocol.reply_table import (
    UNREADABLE,
    UNTRUSTED,
    UNTRUSTED_HINT,
    UNTRUSTED_SAID,
    Action,
    Verdict,
    described,
)
from reverse_etl.destinations.request import Client, Reply, Request

_TICK = 0.2
_LONGEST_THROTTLE = 600.0
_WAIT_OF_A_DAY = 10.0  # more than a limit per second can ask for, so it is the one per day
_FAILURES_IN_A_ROW = 3
Payload = TypeVar("Payload")


class End(Enum):
    """How a task left the engine."""

    REPLIED = "replied"  # a reply that its sender has to read
    EXHAUSTED = "exhausted"  # every allowed try was a passing failure
    ABORTED = "aborted"  # not tried, or not again, because the run stops


@dataclass
class Task(Generic[Payload]):
    """A request and whose it is. `maybe_applied`: some attempt so far may have been applied without our knowing.

    `permit` is the pacer's for the last attempt.
    """

    request: Request
    payload: Payload
    attempts: int = 0
    throttles: int = 0
    permit: int = 0
    maybe_applied: bool = False


@dataclass(frozen=True)
class Done(Generic[Payload]):
    """A task that left the engine, with the last reply and verdict if there was one."""

    task: Task[Payload]
    end: End
    reply: Reply | None = None
    verdict: Verdict | None = None


@dataclass
class Tally:
    """What went over the wire so far; rows that are settled, and those that had to stand alone to be refused."""

    requests: int = 0
    retries: int = 0
    bytes_sent: int = 0
    settled: int = 0
    isolated: int = 0
    unanswered: int = 0


@dataclass(frozen=True)
class Line:
    """What all requests of a run share: who carries them, how often one is tried, and when none may go.

    `on_wait` hears of each wait between two tries.
    `allowed` is asked before each attempt, in the worker as well: False once the run must not send any more.
    """

    client: Client
    executor: Executor
    time: Time
    allowed: Callable[[], bool]
    concurrency: int = 4
    attempts: int = 5
    budget: Budget = field(default_factory=Budget)
    tally: Tally = field(default_factory=Tally)
    on_wait: Callable[[Wait], None] = ignore_wait


_NOT_SENT = Reply(0, sent=False, error="not-allowed")


class Engine(Generic[Payload]):
    """Runs tasks. `problem` is set once nothing more can be sent."""

    def __init__(self, line: Line, pacer: Pacer, judge: Callable[[Payload, Reply], Verdict]) -> None:
        """One engine serves one endpoint's pacer; `judge` says what a reply means for the request of that payload."""
        self._judge = judge
        self._line = line
        self._pacer = pacer
        self._ready: deque[Task[Payload]] = deque()
        self._delayed: list[tuple[float, int, Task[Payload]]] = []
        self._flying: dict[Future[Reply], Task[Payload]] = {}
        self._streak = 0  # passing failures since anything went well
        self._failures = 0  # tasks given up since then
        self._throttled_since = 0.0
        self._number = 0
        self.problem: Problem | None = None

    def stop(self, problem: Problem) -> None:
        """Send nothing more; what is under way is still read."""
        self.problem = self.problem or problem

    def push(self, task: Task[Payload]) -> None:
        """Put a task before all others: a part of one that came back, so that it is known early what is wrong."""
        self._ready.appendleft(task)

    def run(self, source: Iterator[Task[Payload]]) -> Iterator[Done[Payload] | None]:
        """Every task of the source and every pushed one, as it ends; None every fifth of a second meanwhile."""
        while True:
            yield from self._launch(source)
            if self._flying:
                finished, _ = wait(self._flying, timeout=min(_TICK, self._pause()), return_when=FIRST_COMPLETED)
                for future in finished:
                    done = self._land(self._flying.pop(future), future.result())
                    if done is not None:
                        yield done
            elif self._ready or self._delayed:
                self._line.time.sleep(min(_TICK, self._pause()))
            else:
                return
            yield None

    def _launch(self, source: Iterator[Task[Payload]]) -> Iterator[Done[Payload]]:
        while len(self._flying) < self._line.concurrency:
            task = self._next(source)
            if task is None:
                return
            if self._stopping():
                yield Done(task, End.ABORTED)
                continue
            task.permit = self._pacer.take()
            if not task.permit:
                self._ready.appendleft(task)
                if self._pacer.spent:
                    self.stop(daily_limit(task.request.endpoint, self._pacer.per_day))
                    continue
                return
            task.attempts += 1
            self._flying[self._line.executor.submit(self._attempt, task.request)] = task

    def _next(self, source: Iterator[Task[Payload]]) -> Task[Payload] | None:
        stopping = self._stopping()
        if self._delayed and (stopping or self._delayed[0][0] <= self._line.time.monotonic()):
            return heapq.heappop(self._delayed)[2]
        if self._ready:
            return self._ready.popleft()
        # While Iterable fails again and again, nothing new is put at risk: only what has failed is tried.
        troubled = self._delayed and self._streak >= _FAILURES_IN_A_ROW
        return None if troubled and not stopping else _first(source)

    def _stopping(self) -> bool:
        return self.problem is not None or not self._line.allowed()

    def _pause(self) -> float:
        """Seconds until something can be launched."""
        paced = self._pacer.wait()
        if paced or not self._delayed:
            return paced or _TICK
        return max(self._delayed[0][0] - self._line.time.monotonic(), 0.001)

    def _attempt(self, request: Request) -> Reply:
        if not self._line.allowed():
            return _NOT_SENT
        return self._line.client.send(request)

    def _land(self, task: Task[Payload], reply: Reply) -> Done[Payload] | None:
        """What one reply means; None where the task goes round again."""
        if reply is _NOT_SENT:
            return Done(task, End.ABORTED)
        self._count(task)
        verdict = self._judge(task.payload, reply)
        self._line.tally.unanswered += verdict.applied and verdict.action is not Action.SPLIT
        task.maybe_applied |= verdict.applied and verdict.action is not Action.SPLIT
        if verdict.action is Action.WAIT:
            return self._throttle(task, reply)
        self._throttled_since = 0.0
        if verdict.action is Action.RETRY:
            return self._retry(task, reply, verdict)
        self._failures = self._streak = 0
        if verdict.action is Action.STOP:
            self.stop(_stopped(verdict, reply))
            return Done(task, End.ABORTED, reply, verdict)
        self._line.budget.earn()
        self._pacer.answered()
        return Done(task, End.REPLIED, reply, verdict)

    def _count(self, task: Task[Payload]) -> None:
        self._line.tally.requests += 1
        self._line.tally.retries += task.attempts + task.throttles > 1
        self._line.tally.bytes_sent += len(task.request.body)

    def _throttle(self, task: Task[Payload], reply: Reply) -> Done[Payload] | None:
        task.throttles += 1
        seconds = throttle(task.throttles, reply.wait, self._line.time.random())
        self._pacer.throttled(task.permit, seconds)
        now = self._line.time.monotonic()
        self._throttled_since = self._throttled_since or now
        if now - self._throttled_since > _LONGEST_THROTTLE:
            self.stop(throttled_problem(now - self._throttled_since))
        if self._pacer.per_day and (reply.wait or 0) > _WAIT_OF_A_DAY:
            self.stop(daily_limit(task.request.endpoint, self._pacer.per_day))
        if self.problem is not None:
            return Done(task, End.ABORTED, reply)
        task.attempts -= 1  # a 429 was not applied and is no try
        self._ready.appendleft(task)
        self._line.on_wait(rate_wait(self._pacer, seconds))
        return None

    def _retry(self, task: Task[Payload], reply: Reply, verdict: Verdict) -> Done[Payload] | None:
        self._streak += 1
        if task.attempts < self._line.attempts and self._line.budget.spend():
            pause = max(verdict.pause, backoff(task.attempts, self._line.time.random()))
            due = self._line.time.monotonic() + pause
            self._number += 1
            heapq.heappush(self._delayed, (due, self._number, task))
            self._line.on_wait(Wait(pause, f"{described(reply)}; try {task.attempts + 1} of {self._line.attempts}"))
            return None
        self._failures += 1
        if self._failures >= _FAILURES_IN_A_ROW or not (reply.status or reply.sent):
            self.stop(_unavailable(reply, verdict, task.attempts))
        return Done(task, End.EXHAUSTED, reply, verdict)


def _first(source: Iterator[Task[Payload]]) -> Task[Payload] | None:
    return next(source, None)


def _stopped(verdict: Verdict, reply: Reply) -> Problem:
    if reply.untrusted:
        return Problem(UNTRUSTED, UNTRUSTED_SAID, UNTRUSTED_HINT, {"last": reply.error})
    hints = {
        "wrong-key": "Check ITERABLE_API_KEY, its data center (ITERABLE_REGION) and that the key is a server-side one.",
        "forbidden-key": "Use a server-side key that may do this; Iterable lists a key's rights beside it.",
        "unknown-endpoint": "Check ITERABLE_BASE_URL: the address answers, but not as Iterable's API.",
        "redirected": "Set ITERABLE_BASE_URL to the address itself: the key is not handed on to where it points.",
        "unique-fields-limit-exceeded": "Set `create_new_fields: false`, or have Iterable raise the limit.",
    }
    return Problem(
        verdict.code,
        f"Iterable refused the run with status {reply.status}",
        hints.get(verdict.code, "Look the status up in Iterable's list of API response codes."),
        {"status": reply.status, "code": reply.code or "none", "request": reply.request_id or "unnamed"},
    )


def _unavailable(reply: Reply, verdict: Verdict, attempts: int) -> Problem:
    if reply.status:
        return _failing(reply, verdict, attempts)
    return Problem(
        "destination-unavailable",
        f"Iterable could not be reached in {plural(attempts, 'try', 'tries')} ({reply.error})",
        "Check the network and ITERABLE_BASE_URL, then run again: rows that were not acknowledged are sent again.",
        {"last": reply.error},
    )


def _failing(reply: Reply, verdict: Verdict, attempts: int) -> Problem:
    """It was reached, and gave no usable answer."""
    said = f"status {reply.status}" + (f", code {reply.code}" if reply.code else "")
    said += ", but no readable reply" if verdict.code == UNREADABLE else ""
    return Problem(
        "destination-unavailable",
        f"Iterable answers, but fails: request after request; the last one, in try {attempts}, with {said}",
        "Run again: rows without a known outcome are sent again, in smaller requests. If only some rows fail, the"
        " next runs find them. If all do, see https://status.iterable.com.",
        {"status": reply.status, "code": reply.code or "none", "request": reply.request_id or "unnamed"},
    )
