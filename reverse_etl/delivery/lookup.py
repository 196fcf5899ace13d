"""Lookups: ask Iterable about each row before anything is sent, such as whether its user exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reverse_etl.change import Change, Outcome, Problem, Response, Status
from reverse_etl.delivery.rate_limiter import Pacer
from reverse_etl.delivery.refusals import response_of
from reverse_etl.delivery.request_engine import Done, End, Engine, Line, Task
from reverse_etl.destinations.iterable.protocol.reply_table import UNREADABLE, Action, Verdict, verdict_of
from reverse_etl.destinations.operation import Lookup, Send
from reverse_etl.destinations.request import Reply, Request

# A change and the question that is open about it.
_Asked = tuple[Change, Request]


class Lookups:
    """Asks for each change. `found` gathers those to send; it is as long as what was asked at most."""

    def __init__(self, lookup: Lookup, line: Line, pacer: Pacer) -> None:
        """One use: ask once, then read `found`."""
        self._lookup = lookup
        self._engine: Engine[_Asked] = Engine(line, pacer, self._judge)
        self.found: list[Change] = []

    @property
    def problem(self) -> Problem | None:
        return self._engine.problem

    def run(self, changes: Iterable[Change]) -> Iterator[Outcome | None]:
        """An outcome for each change that is not in `found`; None while there is nothing but waiting or finding."""
        for done in self._engine.run(self._task(change, self._lookup.build(change)) for change in changes):
            yield None if done is None else self._take(done)
        self.found.sort(key=lambda change: change.ordinal)

    def _task(self, change: Change, request: Request) -> Task[_Asked]:
        return Task(request, (change, request))

    def _take(self, done: Done[_Asked]) -> Outcome | None:
        """What one answer means: an outcome, or None where the row is to be sent or asked about once more."""
        change, request = done.task.payload
        replied = done.reply if done.end is End.REPLIED else None
        answer = self._lookup.read(change, request, replied) if replied is not None else None
        if isinstance(answer, Outcome):
            return answer if replied is None else replace(answer, response=response_of(replied, [change]))
        if isinstance(answer, Request):
            self._engine.push(self._task(change, answer))
            return None
        if answer is Send.SEND:
            self.found.append(change)
            return None
        if done.verdict is not None and done.verdict.action is Action.SPLIT:
            code = done.verdict.code or "lookup-refused"
            reason = "Iterable refused to look the user up"
            return Outcome(change.ordinal, Status.REJECTED, code, reason, response=_response(done))
        reason = "whether the user exists could not be found out"
        return Outcome(change.ordinal, Status.ABORTED, "not-sent", reason, response=_response(done))

    def _judge(self, asked: _Asked, reply: Reply) -> Verdict:
        """A reply that answers the question is read, whatever its status: unknown users come back as errors."""
        if self._lookup.read(*asked, reply) is not None:
            return Verdict(Action.READ)
        verdict = verdict_of(reply)
        return Verdict(Action.RETRY, code=UNREADABLE) if verdict.action is Action.READ else verdict


def _response(done: Done[_Asked]) -> Response | None:
    change, _ = done.task.payload
    return None if done.reply is None else response_of(done.reply, [change])
