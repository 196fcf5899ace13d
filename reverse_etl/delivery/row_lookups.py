"""Asks the destination about each row before anything is sent, such as whether its user exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reverse_etl.change import Change, Outcome, Problem, Response, Status
from reverse_etl.delivery.rate_limiter import RateLimiter
from reverse_etl.delivery.request_engine import FinishedTask, RequestEngine, SendContext, Task, TaskEnd
from reverse_etl.delivery.response_record import record_response
from reverse_etl.destinations.operation import Lookup, Send
from reverse_etl.destinations.replies import UNREADABLE, Action, ReplyDecision, ReplyRules
from reverse_etl.destinations.request import Reply, Request

# A change and the request that asks about it.
_Query = tuple[Change, Request]


class RowLookups:
    """Looks up each change. `found` collects the changes to send; it holds at most the changes looked up."""

    def __init__(self, lookup: Lookup, context: SendContext, limiter: RateLimiter) -> None:
        """Use it once: call `run`, then read `found`."""
        self._lookup = lookup
        self._replies: ReplyRules = context.replies
        self._breaker = context.breaker
        self._engine: RequestEngine[_Query] = RequestEngine(context, limiter, self._decide)
        self.to_send: list[Change] = []

    @property
    def problem(self) -> Problem | None:
        return self._engine.problem

    def run(self, changes: Iterator[Change | None]) -> Iterator[Outcome | None]:
        """Yield an outcome for each change that is not in `found`; None while it waits.

        A change that is None is not there yet.
        """
        tasks = (None if change is None else self._task(change, self._lookup.build(change)) for change in changes)
        for done in self._engine.run(tasks):
            outcome = None if done is None else self._read(done)
            if outcome is not None:
                self._count(outcome)
            yield outcome
        self.to_send.sort(key=lambda change: change.ordinal)

    def _count(self, outcome: Outcome) -> None:
        """Count an outcome. Stop if the destination refuses everything."""
        self._breaker.note(0, [outcome])
        problem = self._breaker.find_problem(self._replies.name)
        if problem is not None:
            self._engine.stop(problem)

    def _task(self, change: Change, request: Request) -> Task[_Query]:
        return Task(request, (change, request))

    def _read(self, done: FinishedTask[_Query]) -> Outcome | None:
        """Return the outcome of a row by one reply; None if the row is sent or looked up again."""
        change, request = done.task.payload
        replied = done.reply if done.end is TaskEnd.REPLIED else None
        answer = self._lookup.read(change, request, replied) if replied is not None else None
        if isinstance(answer, Outcome):
            return answer if replied is None else replace(answer, response=self._response(done))
        if isinstance(answer, Request):
            self._engine.push(self._task(change, answer))
            return None
        if answer is Send.SEND:
            self.to_send.append(change)
            self._breaker.note_success()
            return None
        if done.decision is not None and done.decision.action is Action.SPLIT:
            code = done.decision.code or "lookup-refused"
            reason = f"{self._replies.name} refused to look the user up"
            return Outcome(change.ordinal, Status.REJECTED, code, reason, response=self._response(done))
        reason = "whether the user exists could not be found out"
        return Outcome(change.ordinal, Status.ABORTED, "not-sent", reason, response=self._response(done))

    def _decide(self, query: _Query, reply: Reply) -> ReplyDecision:
        """Read a reply that answers, with any status: unknown users come back as errors."""
        if self._lookup.read(*query, reply) is not None:
            return ReplyDecision(Action.READ)
        decision = self._replies.classify(reply)
        return ReplyDecision(Action.RETRY, code=UNREADABLE) if decision.action is Action.READ else decision

    def _response(self, done: FinishedTask[_Query]) -> Response | None:
        change, _ = done.task.payload
        return None if done.reply is None else record_response(self._replies, done.reply, [change])
