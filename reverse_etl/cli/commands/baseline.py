"""`baseline`: take rows as already accepted, without sending them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.cli.console import Console
from reverse_etl.cli.options import LeaseWait, Sandboxed
from reverse_etl.cli.stop_signal import StopOnSignal
from reverse_etl.errors import ConfigError

if TYPE_CHECKING:
    from reverse_etl import SyncPlan

TrustOption = Annotated[
    bool, typer.Option("--trust", help="Take all rows of the model as accepted, without a look at Iterable.")
]
CompareOption = Annotated[
    bool, typer.Option("--compare", help="Take only rows that Iterable holds with the same values. The default.")
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="TIME", help="With --trust: only events and purchases up to this time, such as 2026-11-01."
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def baseline(
    session: Session,
    trust: TrustOption = False,
    compare: CompareOption = False,
    until: UntilOption = None,
    yes: YesOption = False,
    wait: LeaseWait = None,
    sandbox: Sandboxed = False,
) -> int:
    """Take rows as already accepted. Nothing is sent; later runs send only what changes."""
    console = session.console
    if not yes and not sys.stdin.isatty():
        raise _confirmation_error()
    project = session.project(sandbox=sandbox)
    answers: list[bool] = []
    with StopOnSignal(quiet=console.log_flags.quiet) as stop:
        results = project.baseline(
            **session.selection,
            trust=trust,
            compare=compare,
            until=until,
            wait=wait,
            confirm=_asker(console, answers, yes=yes),
            stop=stop.is_asked,
        )
        console.summary(results, results.file, sandbox=sandbox)
    if not all(answers):
        console.say("BaselineDeclined", "nothing was changed")
        return 1
    if results.file_error is not None:
        console.fail(results.file_error)
    return 2 if results.problems else 0 if results.succeeded else 1


def _asker(console: Console, answers: list[bool], *, yes: bool) -> Callable[[Sequence[SyncPlan]], bool]:
    """Return what shows the numbers and asks. The answer is added to `answers`."""

    def ask(plans: Sequence[SyncPlan]) -> bool:
        from reverse_etl.report.plan_parts.baselines import baseline_preview_lines

        if not console.is_json and not console.log_flags.quiet:
            for plan in plans:
                console.lines([*baseline_preview_lines(plan), ""])
        # Without a row there is nothing to decide.
        is_needed = not yes and any(plan.adopted for plan in plans)
        answers.append(not is_needed or typer.confirm("Take these rows as accepted?", err=True))
        return answers[-1]

    return ask


def _confirmation_error() -> ConfigError:
    return ConfigError(
        "confirmation-required",
        "`baseline` asks before it takes rows as accepted, and there is no terminal to ask on",
        context={"stdin": "not a terminal"},
        hint="Look at the numbers in a terminal, then add `--yes`.",
    )
