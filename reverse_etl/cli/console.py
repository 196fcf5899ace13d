"""Console: results to stdout, log messages to stderr, secrets to neither. Only this file of the command line writes."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from reverse_etl.change import Problem, RunResult
from reverse_etl.cli.options import LogFlags, LogFormat
from reverse_etl.errors import ReverseEtlError
from reverse_etl.events import INVOCATION, PROBLEM, Event
from reverse_etl.report.failures import count_line, problem_of_event, problems_of
from reverse_etl.report.listeners.line_listeners import EventOutput, JsonLines, Lines
from reverse_etl.report.redaction import Redactor, secrets_in
from reverse_etl.report.results import rejected_line, result_lines, total_line

_COLOURS = {"success": "32", "ok": "32", "warn": "33", "skipped": "33", "stopped": "31", "error": "31"}


class Console:
    """Where one command prints. `invocation_id` is put into JSON lines once it is known."""

    def __init__(self, log_flags: LogFlags, env: Mapping[str, str], out: TextIO, err: TextIO) -> None:
        """Nothing is printed yet. The secrets of `env` are never printed."""
        self.log_flags = log_flags
        self.invocation_id = ""
        self.redact = Redactor()
        self.redact.learn(secrets_in(env))
        self._out = out
        self._err = err
        self._coloured = log_flags.use_colors and not env.get("NO_COLOR") and out.isatty()
        self._listener = self._make_listener(env)

    @property
    def is_json(self) -> bool:
        """Return whether log messages are JSON."""
        return self.log_flags.log_format is LogFormat.JSON

    def lines(self, lines: Iterable[str]) -> None:
        """Print results, line by line."""
        self._out.write("".join(self.redact(line) + "\n" for line in lines))
        self._out.flush()

    def json(self, value: object, *, indent: int | None = None) -> None:
        """Print results as JSON."""
        text = json.dumps(self.redact.values(value), indent=indent, ensure_ascii=False, default=str)
        self._out.write(text + "\n")
        self._out.flush()

    def colour(self, text: str, word: str) -> str:
        """Return the text in the colour of a status, if the terminal has colours."""
        colour = _COLOURS.get(word) if self._coloured else None
        return f"\x1b[{colour}m{text}\x1b[0m" if colour else text

    def print_event(self, event: Event) -> None:
        """Print an event; take in the ones that say something about the command itself."""
        if event.name == INVOCATION:
            self.invocation_id = str(event.data["invocation_id"])
        elif event.name == PROBLEM:
            self.problem(problem_of_event(event))
            if event.error is not None:
                self.trace(event.error)
        else:
            self._listener(event)

    def say(self, name: str, message: str, level: str = "info") -> None:
        """Print an event that has no data."""
        self.print_event(Event(name, message, level))

    def problem(self, problem: Problem) -> None:
        """Print what is wrong."""
        self._listener.problem(problem)

    def fail(self, error: Exception) -> int:
        """Print an error, or each fault of several; return its exit code."""
        problems = problems_of(error)
        for problem in problems:
            self.problem(problem)
        count = count_line(problems)
        if count is not None:
            self.say("FaultsCounted", count, "error")
        self.trace(error)
        return error.exit_code if isinstance(error, ReverseEtlError) else 2

    def trace(self, error: BaseException) -> None:
        """Print the traceback of an error, with --debug."""
        if self.log_flags.debug:
            self._write("".join(traceback.format_exception(error)))

    def summary(self, results: Sequence[RunResult], content: object, *, sandbox: bool = False) -> None:
        """Print the results of a run; with `--log-format json`, the content of the result file on one line."""
        if self.log_flags.quiet:
            return
        self.close()
        if self.is_json:
            self.json(content)
            return
        for result in results:
            title, *rest = result_lines(result)
            self.lines([self.colour(title, result.status.value), *rest, ""])
        if results:
            self.lines(filter(None, [total_line(results), rejected_line(results, sandbox=sandbox)]))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._listener.close()

    def _write(self, text: str) -> None:
        self._err.write(self.redact(text))
        self._err.flush()

    def _redact_values(self, value: object) -> object:
        """Return plain values without any secret that is known by now."""
        return self.redact.values(value)

    def _make_listener(self, env: Mapping[str, str]) -> Lines | JsonLines:
        level = "error" if self.log_flags.quiet else "debug" if self.log_flags.debug else "info"
        output = EventOutput(self._write, time.monotonic, level=level)
        if self.is_json:
            return JsonLines(output, lambda: self.invocation_id, self._redact_values)
        if self._err.isatty() and env.get("TERM") != "dumb":
            from reverse_etl.report.listeners.terminal_bar import Bar

            return Bar(output, lambda: shutil.get_terminal_size().columns)
        return Lines(output)


def make_console(log_flags: LogFlags) -> Console:
    """Return the console of this process."""
    return Console(log_flags, os.environ, sys.stdout, sys.stderr)
