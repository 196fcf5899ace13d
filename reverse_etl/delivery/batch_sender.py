"""Sends changes in batches, and turns the replies into one outcome for every row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from reverse_etl.change import Change, Outcome, PastFailure, Problem, Response, Status
from reverse_etl.change_block import ordinals_of
from reverse_etl.counting import plural
from reverse_etl.delivery.batches.batch import Batch, halve
from reverse_etl.delivery.batches.batch_cutter import BatchCutter
from reverse_etl.delivery.rate_limiter import RateLimiter
from reverse_etl.delivery.request_engine import FinishedTask, RequestEngine, SendContext, Task, TaskEnd
from reverse_etl.delivery.response_record import record_response
from reverse_etl.destinations.operation import Clarity, Operation
from reverse_etl.destinations.replies import UNREADABLE, Action, ReplyDecision, kebab_case
from reverse_etl.destinations.request import Reply
from reverse_etl.settings import LARGEST_BATCH

_PAUSE_AFTER_CREATION = 5.0  # seconds before a request about a new resource is sent again
_RUNS_ALONE = 3  # in which a row may fail in its own request before it is quarantined
_NO_PAST: Mapping[int, PastFailure] = {}


@dataclass(frozen=True)
class SettledRows:
    """Rows that have an outcome: the ordinals of accepted rows, and an outcome for each other row.

    `unsent` are the rows that are in no request that the destination took.
    """

    accepted: Sequence[int] = ()
    outcomes: Sequence[Outcome] = ()
    dropped_fields: Sequence[str] = ()
    created_fields: Sequence[str] = ()
    unsent: Sequence[Change] = ()


class BatchSender:
    """Sends changes with one operation. After `run`, `problem` says why the rest was not sent; None if all was sent."""

    def __init__(
        self,
        operation: Operation,
        context: SendContext,
        limiter: RateLimiter,
        batch_rows: int = LARGEST_BATCH,
        past: Mapping[int, PastFailure] = _NO_PAST,
    ) -> None:
        """`batch_rows` limits a batch, in addition to the operation's own limits. `past` failures are by ordinal."""
        self._past = past
        self._operation = operation
        self._context = context
        self._name = context.replies.name
        self._cutter = BatchCutter(operation, batch_rows, past)
        self._engine: RequestEngine[Batch] = RequestEngine(context, limiter, self._decide)

    @property
    def problem(self) -> Problem | None:
        return self._engine.problem

    def run(
        self, parts: Iterator[Sequence[Change] | None], on_take: Callable[[Sequence[Change]], None] = lambda _: None
    ) -> Iterator[SettledRows | None]:
        """Yield one outcome for every change, in the order of the replies; None while it waits.

        The changes come in parts of any size; None is a part that is not there yet. `on_take` is called once for rows
        that a request takes. Rows about one user go in one request, in order, if the operation allows that. Otherwise
        they go in successive requests: the next is sent after the last one has an outcome.
        """
        for done in self._engine.run(self._tasks(self._cutter.cut(parts), on_take)):
            settled = None if done is None else self._settle(done)
            if settled is not None:
                self._count(settled)
            yield settled
            yield from self._settle_too_large()
        yield from self._settle_too_large()

    def _settle_too_large(self) -> Iterator[SettledRows]:
        found, self._cutter.too_large = self._cutter.too_large, []
        if found:
            yield SettledRows(outcomes=[self._too_large(change) for change in found])

    def _tasks(
        self, batches: Iterator[Sequence[Change] | None], on_take: Callable[[Sequence[Change]], None]
    ) -> Iterator[Task[Batch] | None]:
        for batch in batches:
            if batch is not None:
                on_take(batch)
            yield None if batch is None else self._task(Batch(batch))

    def _count(self, settled: SettledRows) -> None:
        """Count the outcomes of one response. Stop if the destination refuses everything."""
        self._cutter.settle(chain(settled.accepted, (outcome.ordinal for outcome in settled.outcomes)))
        breaker = self._context.breaker
        breaker.note(len(settled.accepted), settled.outcomes)
        problem = breaker.find_problem(self._name)
        if problem is not None:
            self._engine.stop(problem)

    def _too_large(self, change: Change) -> Outcome:
        limit = min(self._operation.max_bytes, self._operation.max_row_bytes)
        reason = f"the row by itself is over the {plural(limit, 'byte')} that {self._name} accepts"
        return Outcome(change.ordinal, Status.INVALID, "row-too-large", reason)

    def _task(self, batch: Batch) -> Task[Batch]:
        return Task(self._operation.build(batch.changes), batch)

    def _decide(self, batch: Batch, reply: Reply) -> ReplyDecision:
        """Return what to do with a reply. A success that says nothing about its rows is a temporary failure."""
        decision = self._context.replies.classify(reply)
        fatal = self._operation.find_fatal_problem(reply)
        if fatal is not None and self._operation.just_created:
            return ReplyDecision(Action.RETRY, code=fatal.code, pause=_PAUSE_AFTER_CREATION)
        if fatal is not None:
            self._engine.stop(fatal)
            return ReplyDecision(Action.STOP, code=fatal.code)
        if decision.action is Action.READ:
            clarity = self._operation.read(batch.changes, reply).clarity
            if clarity is Clarity.MALFORMED or (clarity is Clarity.UNATTRIBUTED and len(batch.changes) == 1):
                return ReplyDecision(Action.RETRY, applied=True, code=UNREADABLE)
        return decision

    def _settle(self, done: FinishedTask[Batch]) -> SettledRows | None:
        """Return the outcomes of a batch; None if it is cut into parts. Then send what follows it."""
        batch = done.task.payload
        settled = self._find_outcomes(batch, done)
        if batch.following is not None:
            self._engine.push(self._task(batch.following))
        return settled

    def _find_outcomes(self, batch: Batch, done: FinishedTask[Batch]) -> SettledRows | None:
        maybe_applied = done.task.maybe_applied or batch.suspect
        if done.end is TaskEnd.REPLIED and done.reply is not None and done.decision is not None:
            if done.decision.action is Action.READ:
                return self._read(batch, done.reply, maybe_applied=maybe_applied)
            return self._split(batch, done.reply, done.decision, maybe_applied=maybe_applied)
        if done.end is TaskEnd.EXHAUSTED:
            self._note_isolated(batch)
            lasting = self._operation.find_fatal_problem(done.reply) if done.reply is not None else None
            if lasting is not None:
                self._engine.stop(lasting)
        if not maybe_applied:
            reason = f"the run stopped before {self._name} took it"
            settled = self._settle_all(batch, done.reply, Outcome(0, Status.ABORTED, "not-sent", reason))
            return replace(settled, unsent=batch.changes)
        return self._fail(batch, done)

    def _fail(self, batch: Batch, done: FinishedTask[Batch]) -> SettledRows:
        """Return outcomes for rows that may have been applied."""
        reply, rows = done.reply, len(batch.changes)
        failed = reply is not None and reply.status >= 400
        code, reason = "no-answer", f"no reply said whether {self._name} took it"
        if done.decision is not None and done.decision.code == UNREADABLE:
            code, reason = UNREADABLE, f"{self._name}'s reply does not say what became of it"
        elif reply is not None and failed:
            reason = f"{self._name} failed with status {reply.status}, and did not say whether it took the row"
        alone = failed and rows == 1 and done.end is TaskEnd.EXHAUSTED
        failure = Outcome(0, Status.FAILED, code, reason, maybe_applied=True, rows=rows, alone=alone)
        settled = self._settle_all(batch, reply, failure)
        return replace(settled, outcomes=[self._give_up(outcome) for outcome in settled.outcomes])

    def _give_up(self, outcome: Outcome) -> Outcome:
        """Quarantine a row that made the destination fail in several runs."""
        past = self._past.get(outcome.ordinal)
        runs = 1 + (past.alone if past is not None else 0)
        response = outcome.response
        if not outcome.alone or runs < _RUNS_ALONE or response is None:
            return outcome
        last = f"the last time with status {response.status}"
        reason = f"{self._name} failed on this row by itself in {plural(runs, 'run')}, {last}"
        code = outcome.code if outcome.code != "no-answer" else kebab_case(response.code) or f"http-{response.status}"
        return replace(outcome, status=Status.REJECTED, code=code, reason=reason, recheck=True)

    def _read(self, batch: Batch, reply: Reply, *, maybe_applied: bool) -> SettledRows | None:
        result = self._operation.read(batch.changes, reply)
        if result.clarity is not Clarity.CERTAIN:
            self._halve(batch, suspect=True)
            return None
        response = self._response_of(reply, batch) if result.refused else None
        refused = [
            self._give_up(replace(outcome, maybe_applied=maybe_applied or outcome.maybe_applied, response=response))
            for outcome in result.refused.values()
        ]
        if refused:
            self._note_isolated(batch)
        accepted = ordinals_of(batch.changes)
        if result.refused:
            accepted = [ordinal for ordinal in accepted if ordinal not in result.refused]
        return SettledRows(accepted, refused, result.dropped_fields, result.created_fields)

    def _split(self, batch: Batch, reply: Reply, decision: ReplyDecision, *, maybe_applied: bool) -> SettledRows | None:
        """Split a batch that was refused: take out the rows that the reply names, or cut it in halves."""
        maybe_applied = maybe_applied or decision.applied
        if len(batch.changes) == 1:
            return self._refuse_only_row(batch, reply, decision, maybe_applied=maybe_applied)
        if decision.too_many_rows:
            self._cutter.limit_rows(len(batch.changes) // 2)
        named = self._context.replies.find_refused_rows(reply, len(batch.changes))
        if not named:
            self._halve(batch, suspect=maybe_applied)
            return None
        rest = [change for index, change in enumerate(batch.changes) if index not in named]
        if rest:
            self._replace(batch, [Batch(rest, maybe_applied, following=batch.following)])
        response = self._response_of(reply, batch)
        outcomes = [self._rejected(batch.changes[index], reply, decision, index) for index in sorted(named)]
        return SettledRows(outcomes=[replace(one, maybe_applied=maybe_applied, response=response) for one in outcomes])

    def _refuse_only_row(
        self, batch: Batch, reply: Reply, decision: ReplyDecision, *, maybe_applied: bool
    ) -> SettledRows:
        [change] = batch.changes
        outcome = self._operation.read_refusal(change, reply) or self._rejected(change, reply, decision, 0)
        if outcome.status is Status.ACCEPTED:
            return SettledRows([change.ordinal])
        self._note_isolated(batch)
        response = self._response_of(reply, batch)
        return SettledRows(outcomes=[replace(outcome, maybe_applied=maybe_applied, response=response)])

    def _rejected(self, change: Change, reply: Reply, decision: ReplyDecision, index: int) -> Outcome:
        reason = self._context.replies.explain_refusal(reply, decision, index)
        return Outcome(change.ordinal, Status.REJECTED, decision.code or f"http-{reply.status}", reason)

    def _note_isolated(self, batch: Batch) -> None:
        if batch.isolated:
            self._context.breaker.note_isolated()

    def _halve(self, batch: Batch, *, suspect: bool) -> None:
        self._replace(batch, halve(batch, suspect=suspect))

    def _replace(self, batch: Batch, parts: Sequence[Batch]) -> None:
        """Send parts of a batch in its place. What follows the batch follows the last part."""
        batch.following = None
        for part in reversed(parts):
            self._engine.push(self._task(part))

    def _settle_all(self, batch: Batch, reply: Reply | None, outcome: Outcome) -> SettledRows:
        """Return the same outcome for all rows of a batch."""
        response = None if reply is None else self._response_of(reply, batch)
        return SettledRows(
            outcomes=[replace(outcome, ordinal=change.ordinal, response=response) for change in batch.changes]
        )

    def _response_of(self, reply: Reply, batch: Batch) -> Response:
        return record_response(self._context.replies, reply, batch.changes)
