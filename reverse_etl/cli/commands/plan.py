"""`plan`: what `run` would do; opens the warehouse only for reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.cli.options import (
    FullComparison,
    FullRefresh,
    OnlyKeys,
    Output,
    OutputFormat,
    RowLimit,
    Sandboxed,
    ShowValues,
)

if TYPE_CHECKING:
    from reverse_etl import SyncPlan


ExitCodeOption = Annotated[
    bool,
    typer.Option("--exit-code", help="Exit with 2 if rows would be sent, 0 if not, 1 after an error or a guard."),
]


PayloadRows = Annotated[
    int,
    typer.Option(
        "--show-payload",
        metavar="[N]",
        min=0,
        show_default=False,
        help="Show the exact requests of the first N rows of each kind, by default of 1, and why each field is sent.",
    ),
]


CostOption = Annotated[
    bool, typer.Option("--cost", help="Only estimate what the comparison reads and costs; compare nothing.")
]


def plan(
    session: Session,
    full_refresh: FullRefresh = False,
    full_comparison: FullComparison = False,
    limit: RowLimit = None,
    only: OnlyKeys = None,
    exit_code: ExitCodeOption = False,
    show_payload: PayloadRows = 0,
    cost: CostOption = False,
    show_values: ShowValues = False,
    output: OutputFormat = Output.TEXT,
    sandbox: Sandboxed = False,
) -> int:
    """Show what `run` would do; send nothing. It looks at the rows and asks Iterable as `run` does before it sends."""
    from reverse_etl.report.plans import plan_dict, plan_lines

    session.error_code = 1 if exit_code else None
    console = session.console
    project = session.project(sandbox=sandbox)
    plans = project.plan(
        **session.selection,
        full_refresh=full_refresh,
        full_comparison=full_comparison,
        limit=limit,
        only=only or (),
        payloads=show_payload,
        cost=cost,
    )
    code = session.print_errors(plans.errors, partial=plans.is_partial)
    for problem in [problem for one in plans if one.fails for problem in one.problems]:
        console.problem(problem)
    if console.is_json or output is Output.JSON:
        console.json({"plans": [plan_dict(one, show_values=show_values) for one in plans]}, indent=2)
    else:
        for one in plans:
            title, *rest = plan_lines(one, show_values=show_values)
            console.lines([console.colour(title, "stopped" if one.problems else "ok"), *rest, ""])
    if code or any(one.fails for one in plans):
        return code or 1
    return _detailed_exit_code(plans) if exit_code else 0


def _detailed_exit_code(plans: Sequence[SyncPlan]) -> int:
    """Return the exit code that says whether something would be sent, as `terraform plan -detailed-exitcode` does."""
    if any(one.problems for one in plans):
        return 1
    return 2 if any(one.to_send for one in plans) else 0
