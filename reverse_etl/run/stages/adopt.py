"""Adopt: count planned rows as accepted without sending them. The stage of a baseline, in place of Send.

The run's credit stays 0, so a crash leaves no row unknown. Each portion of rows is merged at once and can be merged
again.
"""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.change import Problem, Status
from reverse_etl.errors import LeaseError, ReverseEtlError
from reverse_etl.run.baseline.adopter import Adopter, BaselineRun
from reverse_etl.run.context import ApprovedRun
from reverse_etl.run.runnable_sync import problem_of


def adopt(context: ApprovedRun) -> ApprovedRun:
    """Return the run with its adopted rows. After an error, the rows that were found before it stay adopted.

    Raises LeaseError if another run took the lease.
    """
    adopter, counts = context.adopter, context.outcomes.counts
    if adopter is None:
        return context
    counts[Status.INVALID] += context.planned_rows.get("invalid", 0)
    problem = _adopt_rows(adopter, context)
    left = sum(context.planned_rows.values()) - counts[Status.ADOPTED] - counts[Status.INVALID]
    return replace(context, problem=problem, baseline=replace(adopter.report, left=left))


def _adopt_rows(adopter: Adopter, context: ApprovedRun) -> Problem | None:
    try:
        for adoption in adopter.find(_baseline_run(context)):
            # The heartbeat shows that the lease is still ours.
            context.journal.flush()
            context.store.adopt(context.lease.fence, adoption)
            context.outcomes.counts[Status.ADOPTED] += adoption.rows
    except LeaseError:
        raise
    except ReverseEtlError as error:
        return problem_of(error)
    return None


def _baseline_run(context: ApprovedRun) -> BaselineRun:
    journal = context.journal

    def keep_lease() -> None:
        if journal.due():
            journal.flush()

    return BaselineRun(
        context.runnable,
        context.environment,
        context.store,
        context.client,
        context.lease.fence,
        context.planned_rows,
        keep_lease,
    )
