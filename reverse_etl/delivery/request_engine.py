"""Sends requests, several at once, at the allowed rate, with a limited number of retries; knows no rows.

The caller's thread makes every decision; workers only make one attempt each. So decisions follow the order of the
replies, and the caller can do its own work between them.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from reverse_etl.change import Problem
from reverse_etl.delivery.circuit_breaker import CircuitBreaker
from reverse_etl.delivery.open_requests import FEW, RequestCounts, most_requests
from reverse_etl.delivery.problems import daily_limit_problem, stop_problem, throttled_problem, unavailable_problem
from reverse_etl.delivery.rate_limiter import Budget, RateLimiter, Time, Wait, backoff, ignore_wait, rate_wait, throttle
from reverse_etl.destinations.replies import Action, ReplyDecision, ReplyRules, describe_reply
from reverse_etl.destinations.request import Client, Reply, Request

_TICK = 0.2
_LONGEST_THROTTLE = 600.0
_WAIT_OF_A_DAY = 10.0  # more than a limit per second can ask for, so it is the one per day
_FAILURES_IN_A_ROW = 3
Payload = TypeVar("Payload")


class TaskEnd(Enum):
    """How a task left the engine."""

    REPLIED = "replied"  # the sender must read the reply
    EXHAUSTED = "exhausted"  # every allowed try failed temporarily
    ABORTED = "aborted"  # not tried, or not again, because the run stops


@dataclass
class Task(Generic[Payload]):
    """A request with its payload. `maybe_applied`: some attempt may have been applied without a reply.

    `permit` is the rate limiter's permit of the last attempt, which `began` at that second.
    """

    request: Request
    payload: Payload
    attempts: int = 0
    throttles: int = 0
    permit: int = 0
    began: float = 0.0
    maybe_applied: bool = False


@dataclass(frozen=True)
class FinishedTask(Generic[Payload]):
    """A task that left the engine, with the last reply and decision if there was one."""

    task: Task[Payload]
    end: TaskEnd
    reply: Reply | None = None
    decision: ReplyDecision | None = None


@dataclass(frozen=True)
class SendContext:
    """What all requests of a run share: the client, the meaning of replies, and the number of tries.

    - `allowed` is called before each attempt, also in the worker. It returns False once the run must not send.
    - `concurrency` is the number of requests at the same time; 0: as the rate limit and the latency need.
    - `is_used_up` is called before each attempt. It returns True once the run has sent as much as it may.
    - `throttles` limits the number of 429 for one request; None: no limit.
    - `on_wait` is called for each wait between two tries.
    - `wakers` returns what ends a wait for the next task early: futures of the work that makes it.
    """

    client: Client
    replies: ReplyRules
    executor: Executor
    time: Time
    allowed: Callable[[], bool]
    concurrency: int = FEW
    attempts: int = 5
    throttles: int | None = None
    budget: Budget = field(default_factory=Budget)
    counts: RequestCounts = field(default_factory=RequestCounts)
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    on_wait: Callable[[Wait], None] = ignore_wait
    is_used_up: Callable[[], bool] = lambda: False
    wakers: Callable[[], Collection[Future[Any]]] = tuple


class _End:
    """Stands for the end of a source."""


_END = _End()
_NOT_SENT = Reply(0, sent=False, error="not-allowed")


class RequestEngine(Generic[Payload]):
    """Runs tasks. `problem` is set once nothing more can be sent."""

    def __init__(
        self, context: SendContext, limiter: RateLimiter, decide: Callable[[Payload, Reply], ReplyDecision]
    ) -> None:
        """One engine serves one endpoint. `decide` says what to do with a reply to the request of that payload."""
        self._decide = decide
        self._context = context
        self._limiter = limiter
        self._ready: deque[Task[Payload]] = deque()
        self._delayed: list[tuple[float, int, Task[Payload]]] = []
        self._flying: dict[Future[Reply], Task[Payload]] = {}
        self._streak = 0  # temporary failures since the last success
        self._failures = 0  # tasks given up since then
        self._throttled_since = 0.0
        self._number = 0
        self._is_source_late = False
        self.problem: Problem | None = None

    def stop(self, problem: Problem) -> None:
        """Send nothing more. Open requests are still finished."""
        self.problem = self.problem or problem

    def push(self, task: Task[Payload]) -> None:
        """Put a task before all others: a part of a task that was refused, so that the fault is found early."""
        self._ready.appendleft(task)

    def run(self, source: Iterator[Task[Payload] | None]) -> Iterator[FinishedTask[Payload] | None]:
        """Yield each task, from the source or pushed, when it ends; None every fifth of a second while it waits.

        The source yields None if its next task needs the end of another one, or is not there yet.
        """
        while True:
            yield from self._launch(source)
            if not (self._flying or self._is_source_late or self._ready or self._delayed):
                return
            for future in self._wait():
                done = self._land(self._flying.pop(future), future.result())
                if done is not None:
                    yield done
            yield None

    def _wait(self) -> Collection[Future[Reply]]:
        """Wait until a request ends, until one can start, or a fifth of a second. Return the ended requests."""
        time, seconds, counts = self._context.time, min(_TICK, self._pause()), self._context.counts
        has_room = self._has_room()
        wakers = self._context.wakers() if self._is_source_late and has_room else ()
        began, is_paced = time.monotonic(), has_room and bool(self._ready)
        if self._flying or wakers:
            ended = wait({*self._flying, *wakers}, timeout=seconds, return_when=FIRST_COMPLETED).done
        else:
            time.sleep(seconds)
            ended = set()
        passed = time.monotonic() - began
        counts.paced += passed if is_paced else 0.0
        counts.waited += passed if self._flying and not is_paced else 0.0
        return [future for future in self._flying if future in ended]

    def _launch(self, source: Iterator[Task[Payload] | None]) -> Iterator[FinishedTask[Payload]]:
        while self._has_room():
            task = self._next(source)
            if task is None:
                return
            if self._stopping():
                yield FinishedTask(task, TaskEnd.ABORTED)
                continue
            task.permit = self._limiter.take()
            if not task.permit:
                self._ready.appendleft(task)
                if self._limiter.spent:
                    self._stop_for_today(task)
                    continue
                return
            task.attempts += 1
            task.began = self._context.time.monotonic()
            self._context.counts.started += 1
            self._flying[self._context.executor.submit(self._attempt, task.request)] = task

    def _has_room(self) -> bool:
        """Return whether one more request may be open. While requests fail, few are put at risk."""
        rate, seconds = self._limiter.per_second, 0.0 if self._streak else self._context.counts.latency
        sizes = [len(task.request.body) for task in self._flying.values()]
        return len(sizes) < most_requests(self._context.concurrency, rate, seconds, sizes)

    def _next(self, source: Iterator[Task[Payload] | None]) -> Task[Payload] | None:
        stopping = self._stopping()
        if self._delayed and (stopping or self._delayed[0][0] <= self._context.time.monotonic()):
            return heapq.heappop(self._delayed)[2]
        if self._ready:
            return self._ready.popleft()
        # While the destination keeps failing, no new rows are put at risk: only failed tasks are tried.
        troubled = self._delayed and self._streak >= _FAILURES_IN_A_ROW
        if troubled and not stopping:
            return None
        task = next(source, _END)
        self._is_source_late = task is None
        return None if isinstance(task, _End) else task

    def _stopping(self) -> bool:
        return self.problem is not None or not self._context.allowed() or self._context.is_used_up()

    def _stop_for_today(self, task: Task[Payload]) -> None:
        self.stop(daily_limit_problem(self._context.replies.name, task.request.endpoint, self._limiter.per_day))

    def _pause(self) -> float:
        """Return the seconds until a task can start."""
        paced = self._limiter.wait()
        if paced or not self._delayed:
            return paced or _TICK
        return max(self._delayed[0][0] - self._context.time.monotonic(), 0.001)

    def _attempt(self, request: Request) -> Reply:
        if not self._context.allowed():
            return _NOT_SENT
        return self._context.client.send(request)

    def _land(self, task: Task[Payload], reply: Reply) -> FinishedTask[Payload] | None:
        """Return what one reply means; None if the task is tried again."""
        if reply is _NOT_SENT:
            return FinishedTask(task, TaskEnd.ABORTED)
        self._count(task)
        decision = self._decide(task.payload, reply)
        unanswered = decision.applied and decision.action is not Action.SPLIT
        self._context.counts.unanswered += unanswered
        task.maybe_applied |= unanswered
        if decision.action is Action.WAIT:
            return self._throttle(task, reply, decision)
        self._throttled_since = 0.0
        if decision.action is Action.RETRY:
            return self._retry(task, reply, decision)
        self._failures = self._streak = 0
        if decision.action is Action.STOP:
            self.stop(stop_problem(self._context.replies, decision, reply))
            return FinishedTask(task, TaskEnd.ABORTED, reply, decision)
        self._context.budget.earn()
        self._limiter.answered()
        return FinishedTask(task, TaskEnd.REPLIED, reply, decision)

    def _count(self, task: Task[Payload]) -> None:
        counts = self._context.counts
        counts.requests += 1
        counts.note_latency(self._context.time.monotonic() - task.began)
        counts.retries += task.attempts + task.throttles > 1
        counts.bytes_sent += len(task.request.body)

    def _throttle(self, task: Task[Payload], reply: Reply, decision: ReplyDecision) -> FinishedTask[Payload] | None:
        task.throttles += 1
        seconds = throttle(task.throttles, reply.wait, self._context.time.random())
        self._limiter.throttled(task.permit, seconds)
        now = self._context.time.monotonic()
        self._throttled_since = self._throttled_since or now
        if now - self._throttled_since > _LONGEST_THROTTLE:
            self.stop(throttled_problem(self._context.replies.name, now - self._throttled_since))
        if self._limiter.per_day and (reply.wait or 0) > _WAIT_OF_A_DAY:
            self._stop_for_today(task)
        if self.problem is not None:
            return FinishedTask(task, TaskEnd.ABORTED, reply)
        if task.throttles == self._context.throttles:
            return FinishedTask(task, TaskEnd.EXHAUSTED, reply, decision)
        task.attempts -= 1  # a 429 was not applied, so it does not count as a try
        self._ready.appendleft(task)
        self._context.on_wait(rate_wait(self._limiter, self._context.replies.name, seconds))
        return None

    def _retry(self, task: Task[Payload], reply: Reply, decision: ReplyDecision) -> FinishedTask[Payload] | None:
        self._streak += 1
        context = self._context
        if task.attempts < context.attempts and context.budget.spend():
            pause = max(decision.pause, backoff(task.attempts, context.time.random()))
            self._number += 1
            heapq.heappush(self._delayed, (context.time.monotonic() + pause, self._number, task))
            reason = decision.reason or describe_reply(context.replies.name, reply)
            context.on_wait(Wait(pause, f"{reason}; try {task.attempts + 1} of {context.attempts}"))
            return None
        self._failures += 1
        if self._failures >= _FAILURES_IN_A_ROW or not (reply.status or reply.sent):
            self.stop(unavailable_problem(context.replies, decision, reply, task.attempts))
        return FinishedTask(task, TaskEnd.EXHAUSTED, reply, decision)
