"""Lookups: ask Iterable of each row whether the user exists, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reverse_etl.change import Change, Outcome, Problem, Status
from reverse_etl.iterable.base import Lookup, Reply
from reverse_etl.iterable.engine import End, Engine, Line, Task
from reverse_etl.iterable.pacing import Pacer
from reverse_etl.iterable.verdicts import UNREADABLE, Action, Verdict, verdict_of

UNKNOWN_USER = "unknown-user"


class Lookups:
    """Asks for each change. `found` gathers those whose user exists; it is as long as what was asked at most."""

    def __init__(self, lookup: Lookup, line: Line, pacer: Pacer) -> None:
        """One use: ask once, then read `found`."""
        self._lookup = lookup
        self._engine: Engine[Change] = Engine(line, pacer, self._judge)
        self.found: list[Change] = []

    @property
    def problem(self) -> Problem | None:
        return self._engine.problem

    def run(self, changes: Iterable[Change]) -> Iterator[Outcome | None]:
        """An outcome for each change that is not in `found`; None while there is nothing but waiting or finding."""
        source = (Task(self._lookup.build(change), change) for change in changes)
        for done in self._engine.run(source):
            if done is None:
                yield None
                continue
            change = done.task.payload
            known = self._lookup.found(done.reply) if done.end is End.REPLIED and done.reply is not None else None
            if known:
                self.found.append(change)
                yield None
            elif known is False:
                yield Outcome(
                    change.ordinal,
                    Status.SKIPPED,
                    UNKNOWN_USER,
                    "Iterable has no such user, and `mode: update` makes none",
                )
            elif done.verdict is not None and done.verdict.action is Action.SPLIT:
                code = done.verdict.code or "lookup-refused"
                yield Outcome(change.ordinal, Status.REJECTED, code, "Iterable refused to look the user up")
            else:
                yield Outcome(
                    change.ordinal, Status.ABORTED, "not-sent", "whether the user exists could not be found out"
                )
        self.found.sort(key=lambda change: change.ordinal)

    def _judge(self, change: Change, reply: Reply) -> Verdict:
        """A reply that answers the question is read, whatever its status: unknown users come back as errors."""
        del change
        if self._lookup.found(reply) is not None:
            return Verdict(Action.READ)
        verdict = verdict_of(reply)
        return Verdict(Action.RETRY, code=UNREADABLE) if verdict.action is Action.READ else verdict
