"""`baseline`: take rows as already accepted, after a person saw the numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reverse_etl.errors import ConfigError
from reverse_etl.project.operations.plan_syncs import plan_syncs
from reverse_etl.project.operations.run_syncs import RunRequest, run_syncs
from reverse_etl.project.results import RunResults
from reverse_etl.project.run_environment import RunOptions
from reverse_etl.project.session import ProjectSession
from reverse_etl.run.baseline.request import BaselineMethod, BaselineRequest
from reverse_etl.run.baseline.until import parse_until
from reverse_etl.run.planning.sync_plan import PlanSamples, SyncPlan

_DOWNLOADS = "reverse_etl_baseline"

# Returns whether to continue, after a look at what the baseline would take as accepted.
Confirm = Callable[[Sequence[SyncPlan]], bool]


def make_request(*, trust: bool, compare: bool, until: str | None) -> BaselineRequest:
    """Return what a command asks for. Raises ConfigError for flags that contradict each other, and a wrong time."""
    if trust and compare:
        raise ConfigError(
            "contradictory-flags",
            "`--trust` and `--compare` exclude each other",
            context={"flags": "--trust --compare"},
            hint="Use `--compare` to read the destination, or `--trust` to take all rows as accepted.",
        )
    if until is not None and not trust:
        raise ConfigError(
            "until-without-trust",
            "`--until` needs `--trust`: rows up to that time are taken as accepted",
            context={"until": until},
            hint="Add `--trust`.",
        )
    method = BaselineMethod.TRUST if trust else BaselineMethod.COMPARE if compare else None
    return BaselineRequest(method, None if until is None else parse_until(until))


def baseline_syncs(
    session: ProjectSession, baseline: BaselineRequest, confirm: Confirm | None, run: RunRequest
) -> RunResults:
    """Take rows of the selected syncs as accepted, and write the result file. Without a yes, nothing happens.

    Raises ConfigError if nothing is selected, and what `run_syncs` raises.
    """
    if not session.context.options.select:
        raise ConfigError(
            "selection-required",
            "`baseline` takes rows as accepted, so it needs the names of the syncs",
            context={"selected": "nothing"},
            hint="Name them: `reverse-etl baseline --select SYNC`.",
        )
    if confirm is not None and not confirm(plan_syncs(session, RunOptions(baseline=baseline), PlanSamples(examples=0))):
        return RunResults([], "")
    folder = session.context.locations.target_path / _DOWNLOADS
    return run_syncs(session, replace(run, baseline=replace(baseline, folder=folder)))
