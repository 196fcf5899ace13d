"""Deliver: changes into batches, batches into requests, replies into one outcome for every row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reverse_etl.change import Change, Outcome, PastFailure, Problem, Status
from reverse_etl.counting import plural, were
from reverse_etl.delivery.rate_limiter import Pacer
from reverse_etl.delivery.refusals import named_rows, rejected_row, response_of
from reverse_etl.delivery.request_engine import Done, End, Engine, Line, Task
from reverse_etl.destinations.iterable.protocol.reply_table import UNREADABLE, Action, Verdict, kebab, verdict_of
from reverse_etl.destinations.operation import Clarity, Operation
from reverse_etl.destinations.request import Reply

_MOST_ISOLATED = 100
_PAUSE_OF_THE_PATIENT = 5.0  # seconds before it is tried again what may pass
_RUNS_ALONE = 3  # in which a row that has a request of its own may fail, before it is held back
_NO_PAST: Mapping[int, PastFailure] = {}


@dataclass(frozen=True)
class Settled:
    """Rows whose fate is known: ordinals that were accepted, and an outcome for each that was not."""

    accepted: Sequence[int] = ()
    outcomes: Sequence[Outcome] = ()
    dropped_fields: Sequence[str] = ()
    created_fields: Sequence[str] = ()


@dataclass
class Batch:
    """Changes that one request holds.

    `suspect`: an earlier request with these rows may have been applied in part. `isolated`: one row, left of halving.
    """

    changes: Sequence[Change]
    suspect: bool = False
    isolated: bool = False


class Delivery:
    """Sends changes by one operation. After `run` ends, `problem` says why the rest was not sent, if it was not."""

    def __init__(
        self,
        operation: Operation,
        line: Line,
        pacer: Pacer,
        batch_rows: int = 1000,
        past: Mapping[int, PastFailure] = _NO_PAST,
    ) -> None:
        """`batch_rows` is a bound of ours; the operation's own holds as well. `past` failures are by ordinal."""
        self._past = past
        self._operation = operation
        self._line = line
        self._rows = min(batch_rows, operation.max_rows)
        self._engine: Engine[Batch] = Engine(line, pacer, self._judge)

    @property
    def problem(self) -> Problem | None:
        return self._engine.problem

    def run(self, changes: Iterable[Change]) -> Iterator[Settled | None]:
        """One outcome for every change, in the order of the replies; None while there is nothing but waiting.

        Rows about one user go in successive requests, in order: the next is not sent before the last one ended.
        """
        too_large: list[Change] = []
        waiting: Iterable[Change] = changes
        while True:
            later: list[Change] = []
            yield from self._round(_firsts(waiting, later), too_large)
            if not later:
                break
            waiting = later
        if too_large:
            yield Settled(outcomes=[self._too_large(change) for change in too_large])

    def _round(self, changes: Iterable[Change], too_large: list[Change]) -> Iterator[Settled | None]:
        source = (self._task(Batch(batch)) for batch in self._cut(changes, too_large))
        for done in self._engine.run(source):
            settled = None if done is None else self._settle(done)
            if settled is not None:
                self._line.tally.settled += len(settled.accepted) + len(settled.outcomes)
            yield settled

    def _too_large(self, change: Change) -> Outcome:
        limit = min(self._operation.max_bytes, self._operation.max_row_bytes)
        reason = f"the row alone is over the {plural(limit, 'byte')} that Iterable takes"
        return Outcome(change.ordinal, Status.INVALID, "row-too-large", reason)

    def _cut(self, changes: Iterable[Change], too_large: list[Change]) -> Iterator[list[Change]]:
        """Batches; rows that failed in an earlier run come last, and half as many in a request."""
        failed: dict[int, list[Change]] = {}
        yield from self._batches(self._set_aside(changes, failed), too_large)
        for rows in sorted(failed, reverse=True):
            yield from self._batches(failed[rows], too_large, max(1, rows // 2))

    def _set_aside(self, changes: Iterable[Change], failed: dict[int, list[Change]]) -> Iterator[Change]:
        for change in changes:
            past = self._past.get(change.ordinal)
            if past is None:
                yield change
            else:
                failed.setdefault(past.rows, []).append(change)

    def _batches(
        self, changes: Iterable[Change], too_large: list[Change], most_rows: int = 1000
    ) -> Iterator[list[Change]]:
        room = self._operation.max_bytes - self._operation.overhead
        most = largest_row(self._operation)
        batch: list[Change] = []
        size = 0
        for change in changes:
            length = len(change.body) + 1
            if length > most:
                too_large.append(change)
                continue
            if batch and (len(batch) >= min(self._rows, most_rows) or size + length > room):
                yield batch
                batch, size = [], 0
            batch.append(change)
            size += length
        if batch:
            yield batch

    def _task(self, batch: Batch) -> Task[Batch]:
        return Task(self._operation.build(batch.changes), batch)

    def _judge(self, batch: Batch, reply: Reply) -> Verdict:
        """A reply of success that says nothing of its rows is a failure that may pass."""
        verdict = verdict_of(reply)
        fatal = self._operation.find_fatal_problem(reply)
        if fatal is not None and self._operation.just_created:
            return Verdict(Action.RETRY, code=fatal.code, pause=_PAUSE_OF_THE_PATIENT)
        if fatal is not None:
            self._engine.stop(fatal)
            return Verdict(Action.STOP, code=fatal.code)
        if verdict.action is Action.READ:
            clarity = self._operation.read(batch.changes, reply).clarity
            if clarity is Clarity.MALFORMED or (clarity is Clarity.UNATTRIBUTED and len(batch.changes) == 1):
                return Verdict(Action.RETRY, applied=True, code=UNREADABLE)
        return verdict

    def _settle(self, done: Done[Batch]) -> Settled | None:
        batch = done.task.payload
        maybe_applied = done.task.maybe_applied or batch.suspect
        if done.end is End.REPLIED and done.reply is not None and done.verdict is not None:
            if done.verdict.action is Action.READ:
                return self._read(batch, done.reply, maybe_applied=maybe_applied)
            return self._split(batch, done.reply, done.verdict, maybe_applied=maybe_applied)
        if done.end is End.EXHAUSTED:
            self._mind_isolated(batch)
            lasting = self._operation.find_fatal_problem(done.reply) if done.reply is not None else None
            if lasting is not None:
                self._engine.stop(lasting)
        if not maybe_applied:
            stopped = Outcome(0, Status.ABORTED, "not-sent", "the run stopped before Iterable took it")
            return _all(batch, done.reply, stopped)
        return self._unanswered(batch, done)

    def _unanswered(self, batch: Batch, done: Done[Batch]) -> Settled:
        """Rows whose fate is unknown."""
        reply, rows = done.reply, len(batch.changes)
        failed = reply is not None and reply.status >= 400
        code, reason = "no-answer", "no reply said whether Iterable took it"
        if done.verdict is not None and done.verdict.code == UNREADABLE:
            code, reason = UNREADABLE, "Iterable's reply does not say what became of it"
        elif reply is not None and failed:
            reason = f"Iterable failed with status {reply.status}, and did not say whether it took the row"
        alone = failed and rows == 1 and done.end is End.EXHAUSTED
        settled = _all(
            batch, reply, Outcome(0, Status.FAILED, code, reason, maybe_applied=True, rows=rows, alone=alone)
        )
        return replace(settled, outcomes=[self._give_up(outcome) for outcome in settled.outcomes])

    def _give_up(self, outcome: Outcome) -> Outcome:
        """Hold back a row on which Iterable fails in run after run: it does not only happen to fail."""
        past = self._past.get(outcome.ordinal)
        runs = 1 + (past.alone if past is not None else 0)
        response = outcome.response
        if not outcome.alone or runs < _RUNS_ALONE or response is None:
            return outcome
        reason = (
            f"Iterable failed on this row alone in {plural(runs, 'run')}, the last time with status {response.status}"
        )
        code = outcome.code if outcome.code != "no-answer" else kebab(response.code) or f"http-{response.status}"
        return replace(outcome, status=Status.REJECTED, code=code, reason=reason, recheck=True)

    def _read(self, batch: Batch, reply: Reply, *, maybe_applied: bool) -> Settled | None:
        reading = self._operation.read(batch.changes, reply)
        if reading.clarity is not Clarity.CERTAIN:
            self._halve(batch, suspect=True)
            return None
        response = response_of(reply, batch.changes) if reading.refused else None
        refused = [
            self._give_up(replace(outcome, maybe_applied=maybe_applied or outcome.maybe_applied, response=response))
            for outcome in reading.refused.values()
        ]
        if refused:
            self._mind_isolated(batch, refused[0])
        accepted = [change.ordinal for change in batch.changes if change.ordinal not in reading.refused]
        return Settled(accepted, refused, reading.dropped_fields, reading.created_fields)

    def _split(self, batch: Batch, reply: Reply, verdict: Verdict, *, maybe_applied: bool) -> Settled | None:
        """Refused as a whole: the row that the reply names is taken out, else the batch is halved."""
        maybe_applied = maybe_applied or verdict.applied
        response = response_of(reply, batch.changes)
        if len(batch.changes) == 1:
            change = batch.changes[0]
            outcome = self._operation.read_refusal(change, reply) or rejected_row(change, verdict, reply)
            if outcome.status is Status.ACCEPTED:
                return Settled([change.ordinal])
            self._mind_isolated(batch, outcome)
            return Settled(outcomes=[replace(outcome, maybe_applied=maybe_applied, response=response)])
        if reply.code == "BatchTooLarge":
            self._rows = min(self._rows, len(batch.changes) // 2)
        named = named_rows(reply, len(batch.changes))
        if not named:
            self._halve(batch, suspect=maybe_applied)
            return None
        rest = [change for index, change in enumerate(batch.changes) if index not in named]
        if rest:
            self._engine.push(self._task(Batch(rest, maybe_applied)))
        outcomes = [rejected_row(batch.changes[index], verdict, reply, index) for index in sorted(named)]
        return Settled(
            outcomes=[replace(outcome, maybe_applied=maybe_applied, response=response) for outcome in outcomes]
        )

    def _mind_isolated(self, batch: Batch, outcome: Outcome | None = None) -> None:
        """Isolating a row costs some twenty requests, so a fault that most rows share stops the run."""
        if not batch.isolated:
            return
        tally = self._line.tally
        tally.isolated += 1
        if tally.isolated >= _MOST_ISOLATED and tally.isolated * 10 > tally.settled:
            self._engine.stop(
                Problem(
                    "refused-again-and-again",
                    "Iterable refuses request after request as a whole;"
                    f" {plural(tally.isolated, 'row')} {were(tally.isolated)} isolated so far",
                    "Mend what the reason says, in the model or the definition; what was not sent is sent next time.",
                    {"code": outcome.code, "reason": outcome.reason} if outcome is not None else {},
                )
            )

    def _halve(self, batch: Batch, *, suspect: bool) -> None:
        middle = len(batch.changes) // 2
        for half in (batch.changes[middle:], batch.changes[:middle]):
            self._engine.push(self._task(Batch(half, suspect, isolated=len(half) == 1)))


def largest_row(operation: Operation) -> int:
    """Bytes that one row may take, with the comma behind it."""
    return min(operation.max_bytes - operation.overhead, operation.max_row_bytes)


def _firsts(changes: Iterable[Change], later: list[Change]) -> Iterator[Change]:
    """The first row of each user; the others are put off. Rows that name nobody are never put off."""
    seen: set[str] = set()
    for change in changes:
        if change.user and change.user in seen:
            later.append(change)
        else:
            seen.add(change.user)
            yield change


def _all(batch: Batch, reply: Reply | None, fate: Outcome) -> Settled:
    """One fate for all rows of a batch."""
    response = None if reply is None else response_of(reply, batch.changes)
    return Settled(outcomes=[replace(fate, ordinal=change.ordinal, response=response) for change in batch.changes])
