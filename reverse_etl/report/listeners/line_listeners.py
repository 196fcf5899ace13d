"""Events as they come: one line each, or one JSON object each for machines."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from reverse_etl.change import Problem
from reverse_etl.events import PROGRESS, TICK, Event
from reverse_etl.report.failures import problem_dict, problem_lines
from reverse_etl.report.listeners.progress import Progress
from reverse_etl.report.redaction import printable

# A mistyped selection must not look like a run that had nothing to do.
INSISTENT = ("NothingSelected",)
_LEVELS = ("debug", "info", "warn", "error")
_REPEAT = 10.0


def utc_now() -> datetime:
    """Return the time of an event."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class EventOutput:
    """Where a listener writes, its clocks, and the lowest level that it writes."""

    write: Callable[[str], None]
    monotonic: Callable[[], float]
    now: Callable[[], datetime] = utc_now
    level: str = "info"

    def accepts(self, event: Event) -> bool:
        """Return whether an event is written: its level is high enough, or it is always written."""
        return event.name in INSISTENT or _LEVELS.index(event.level) >= _LEVELS.index(self.level)


class Lines:
    """One line an event; progress at most every ten seconds."""

    def __init__(self, output: EventOutput) -> None:
        """Nothing is written yet."""
        self._output = output
        self._progress = Progress(output.monotonic)
        self._last_line_at = output.monotonic()

    def __call__(self, event: Event) -> None:
        if event.name == PROGRESS:
            self._show_progress(event)
        elif event is not TICK and self._output.accepts(event):
            self._write_line(printable(event.message))

    def problem(self, problem: Problem) -> None:
        """Write an error."""
        self._output.write("\n".join(problem_lines(problem)) + "\n")

    def close(self) -> None:
        """Nothing is left on the screen."""

    def _show_progress(self, event: Event) -> None:
        self._progress.note(event)
        if self._output.level in ("debug", "info") and self._output.monotonic() - self._last_line_at >= _REPEAT:
            self._last_line_at = self._output.monotonic()
            self._write_line(self._progress.sentence())

    def _write_line(self, text: str) -> None:
        """Write one line, which stays."""
        self._output.write(f"{self._output.now():%H:%M:%S}  {text}\n")


@dataclass
class JsonLines:
    """One JSON object an event, shaped as dbt's. `invocation` gives the id of this invocation."""

    output: EventOutput
    invocation: Callable[[], str]
    redact: Callable[[object], object]
    _last_line_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._last_line_at = self.output.monotonic()

    def __call__(self, event: Event) -> None:
        if event.name == PROGRESS:
            if self.output.level not in ("debug", "info") or self.output.monotonic() - self._last_line_at < _REPEAT:
                return
            self._last_line_at = self.output.monotonic()
        elif event is TICK or not self.output.accepts(event):
            return
        self._write(event, "")

    def problem(self, problem: Problem) -> None:
        """Write an error."""
        self._write(Event("Problem", problem.message, "error", "", problem_dict(problem)), problem.code)

    def close(self) -> None:
        """Nothing is left on the screen."""

    def _write(self, event: Event, code: str) -> None:
        line = {
            "info": {
                "name": event.name,
                "code": code,
                "level": event.level,
                "msg": event.message,
                "ts": self.output.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "invocation_id": self.invocation(),
                "pid": os.getpid(),
                "thread": threading.current_thread().name,
            },
            "data": {**({"sync": event.sync} if event.sync else {}), **event.data},
        }
        self.output.write(json.dumps(self.redact(line), default=str) + "\n")
