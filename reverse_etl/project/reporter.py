"""Who accepts what an operation does, and what must never be printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reverse_etl.change import Problem
from reverse_etl.errors import Faults, ReverseEtlError
from reverse_etl.events import Event, Listener
from reverse_etl.report.failures import problem_event
from reverse_etl.report.redaction import Redactor


@dataclass(frozen=True)
class Reporter:
    """Passes events to `listener`, without the secrets that `redactor` has learned."""

    listener: Listener
    redactor: Redactor = field(default_factory=Redactor)

    def __call__(self, event: Event) -> None:
        """Pass one event on."""
        data = self.redactor.values(event.data)
        self.listener(
            replace(event, message=self.redactor(event.message), data=data if isinstance(data, Mapping) else {})
            if event.message
            else event
        )

    def say(self, name: str, message: str, level: str = "info") -> None:
        """Report something that has no data."""
        self(Event(name, message, level))

    def problem(self, problem: Problem, sync: str = "", error: Exception | None = None) -> None:
        """Report that something is wrong; `error` is the exception behind it."""
        self(problem_event(problem, sync, error))

    def learn(self, secrets: Iterable[str]) -> None:
        """Remember texts that must not be printed."""
        self.redactor.learn(secrets)

    def redact(self, error: ReverseEtlError) -> None:
        """Remove secrets from an error that is about to leave this package."""
        for one in error.faults if isinstance(error, Faults) else (error,):
            one.message, one.hint = self.redactor(one.message), self.redactor(one.hint)
            one.context = {name: self.redactor.values(value) for name, value in one.context.items()}
            one.args = (one.message,)
