"""Every error as its four parts: a code to search for, a sentence, the context, a hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.errors import Faults, ReverseEtlError
from reverse_etl.events import PROBLEM, Event
from reverse_etl.report.redaction import printable


def problem_lines(problem: Problem) -> list[str]:
    """Return `error[code]: sentence`, the context with one fact a line, and `hint: action`."""
    lines = [f"error[{problem.code}]: {printable(problem.message)}"]
    lines += [f"  {printable(name)}: {printable(value)}" for name, value in problem.context.items()]
    return [*lines, f"hint: {printable(problem.hint)}"]


def problem_dict(problem: Problem) -> dict[str, object]:
    """Return a problem as JSON; what is neither text nor number becomes text."""
    return {
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "context": {name: value if _is_plain(value) else str(value) for name, value in problem.context.items()},
    }


def problem_event(problem: Problem, sync: str = "", error: Exception | None = None) -> Event:
    """Return the event that reports a problem; `error` is the exception behind it."""
    return Event(PROBLEM, problem.message, "error", sync, problem_dict(problem), error)


def problem_of_event(event: Event) -> Problem:
    """Return the problem that such an event reports."""
    data = event.data
    context = data["context"]
    return Problem(str(data["code"]), event.message, str(data["hint"]), context if isinstance(context, Mapping) else {})


def problems_of(error: Exception) -> list[Problem]:
    """Return an error as problems: one for each fault of `Faults`, else one."""
    if not isinstance(error, ReverseEtlError):
        return [_internal_error(error)]
    errors: Sequence[ReverseEtlError] = error.faults if isinstance(error, Faults) else (error,)
    return [Problem(one.code, one.message, one.hint, one.context) for one in errors]


def count_line(problems: Sequence[Problem]) -> str | None:
    """Return how many problems there are, if there are several."""
    return f"{plural(len(problems), 'fault')}; nothing was done" if len(problems) > 1 else None


def _internal_error(error: Exception) -> Problem:
    """Return the problem of an unexpected exception. Its text may hold anything, so only its type is shown."""
    context: Mapping[str, object] = {"exception": type(error).__name__}
    return Problem(
        "internal-error",
        "reverse-etl failed unexpectedly",
        "Run again with --debug to see the traceback, and report it.",
        context,
    )


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))
