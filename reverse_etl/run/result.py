"""The result of a run that has ended: its counts, its status, and the problem that stopped it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reverse_etl.change import Counts, Problem, RunResult, Status, SyncStatus
from reverse_etl.cost import StatementCost, price_of_bytes, total
from reverse_etl.counting import are, plural, were
from reverse_etl.run.context import End, LookedRun, RunContext
from reverse_etl.run.incremental import comparison_report
from reverse_etl.run.refusal_limits import find_limit_problem, is_warning
from reverse_etl.run.sending.allowance import left_sentence

_COLUMNS = "columns"


def result_of(end: End, timings: Mapping[str, float]) -> RunResult:
    """Return the result of a run that has ended. Counts that do not add up are an error of their own."""
    run, environment = end.context, end.context.environment
    sync, counts = run.runnable.sync, _counts(end.context)
    status, problem = _status(end, counts)
    return RunResult(
        sync=sync.name,
        model=sync.unique_id,
        relation=sync.relation,
        destination=sync.destination,
        status=status,
        counts=counts,
        traffic=run.outcomes.traffic,
        timings={step: round(seconds, 3) for step, seconds in timings.items()},
        sending=dict(run.outcomes.profile),
        changed_fields=dict(run.changed_fields),
        created_fields=tuple(sorted(run.outcomes.created_fields)),
        samples=run.outcomes.samples(),
        warnings=(*run.warnings, *_warnings(run)),
        unknown_keys=run.unknown_keys,
        left=run.outcomes.left,
        ended_by=run.outcomes.ended_by if run.outcomes.left else "",
        problem=problem.naming(sync.name) if problem else None,
        started_at=run.started_at,
        execution_time=round(environment.clock.monotonic() - run.began, 3),
        baseline=run.baseline,
        target=sync.target,
        database=sync.database,
        not_compared_since=run.snapshot_status.not_compared_since if isinstance(run, LookedRun) else "",
        comparison=comparison_report(run.snapshot_status) if isinstance(run, LookedRun) else None,
    )


def _counts(run: RunContext) -> Counts:
    outcomes, plan, looked = run.outcomes.counts, run.planned_rows, run.counts
    ended = sum(outcomes.values())
    # Rows that a baseline leaves to the next run are not planned for this one.
    planned = sum(plan.values()) - (run.baseline.left if run.baseline is not None else 0)
    # If the run ended before its rows were read, they still count as planned.
    aborted = outcomes[Status.ABORTED] + (planned if not ended else 0)
    return Counts(
        added=plan.get("added", 0) if plan else looked.added,
        changed=plan.get("changed", 0) if plan else looked.changed,
        resent=plan.get("resent", 0) if plan else looked.resent,
        removed=looked.removed,
        unchanged=looked.unchanged,
        accepted=outcomes[Status.ACCEPTED],
        adopted=outcomes[Status.ADOPTED],
        skipped=outcomes[Status.SKIPPED],
        rejected=outcomes[Status.REJECTED],
        invalid=outcomes[Status.INVALID],
        failed=outcomes[Status.FAILED],
        aborted=aborted,
        quarantined=looked.quarantined,
        identity_changes=looked.identity_changes,
        planned=planned,
    )


def _status(end: End, counts: Counts) -> tuple[SyncStatus, Problem | None]:
    run, sync = end.context, end.context.runnable.sync
    problem = end.problem
    if problem is None and not counts.add_up():
        problem = _miscount_problem(sync.name, counts)
    if end.status is not None:
        return end.status, problem
    left = run.outcomes.left
    if problem is None and (counts.failed or counts.aborted > left):
        interrupted = run.environment.invocation.stop()
        problem = _dropped_fields_problem(run, counts) or _undelivered_problem(run, counts, interrupted=interrupted)
    problem = problem or find_limit_problem(run, counts)
    if problem is not None:
        return SyncStatus.ERROR, problem
    skipped = (counts.skipped or run.counts.waiting) and not run.runnable.bound.expects_skips
    warns = is_warning(run, counts) or skipped or left or run.warnings
    return (SyncStatus.WARN if warns else SyncStatus.SUCCESS), None


def _miscount_problem(sync: str, counts: Counts) -> Problem:
    return Problem(
        "counts-do-not-add-up",
        f"sync `{sync}`: {plural(counts.planned, 'row')} {were(counts.planned)} planned, and the"
        " outcomes do not add up to that",
        "Report this with the run's result file; the next run sends rows without a response again.",
        counts.as_dict(),
    )


def _dropped_fields_problem(run: RunContext, counts: Counts) -> Problem | None:
    """Return the rows that the destination accepted only in part, if no other rows failed."""
    rows = run.outcomes.dropped
    if not rows or rows != counts.failed or counts.aborted:
        return None
    name = run.runnable.vendor.replies.name
    names = ", ".join(f"`{field}`" for field in sorted(run.outcomes.dropped_fields)) or "some fields"
    return Problem(
        "fields-dropped",
        f"sync `{run.name}`: {name} took {plural(rows, 'row')} without {names}, which it does not know",
        f"Another run drops them again. Create the fields in {name}, or let it create them"
        " (`create_new_fields: true`), or set `allow_dropped_fields: true` if they do not matter.",
        {"rows": rows},
    )


def _undelivered_rows(name: str, counts: Counts) -> str:
    """Return which rows did not arrive, or may not have arrived."""
    parts = []
    if counts.failed:
        parts.append(f"it is not known whether {name} took {plural(counts.failed, 'row')}")
    if counts.aborted:
        parts.append(f"{plural(counts.aborted, 'row')} {were(counts.aborted)} not sent")
    return ", and ".join(parts)


def _undelivered_problem(run: RunContext, counts: Counts, *, interrupted: bool) -> Problem:
    sync, name = run.name, run.runnable.vendor.replies.name
    undelivered = _undelivered_rows(name, counts)
    if interrupted:
        return Problem(
            "interrupted",
            f"sync `{sync}`: a signal stopped the run after {plural(counts.accepted, 'row')}; {undelivered}",
            f"Run again to send the rest. What {name} accepted is committed.",
            {"accepted": counts.accepted, "failed": counts.failed, "aborted": counts.aborted},
        )
    return Problem(
        "rows-not-delivered",
        f"sync `{sync}`: {undelivered}",
        f"Run again to send them again. The samples in the result file say why, with what {name} answered.",
        {"failed": counts.failed, "aborted": counts.aborted},
    )


def _warnings(run: RunContext) -> list[str]:
    outcomes, found = run.outcomes, []
    if outcomes.left:
        found.append(left_sentence(outcomes.ended_by, f"{plural(outcomes.left, 'row')} {are(outcomes.left)} left"))
    if not outcomes.dropped_fields:
        return found
    names = ", ".join(sorted(run.outcomes.dropped_fields))
    return [*found, f"{run.runnable.vendor.replies.name} dropped the fields {names}, which it does not know"]


def with_costs(result: RunResult, spent: tuple[StatementCost, ...], dollars_a_tib: float) -> RunResult:
    """Return the result with its costs. Reading the columns, which happens before the run, is part of its time."""
    billed = total(one.cost for one in spent).bytes_billed
    before = sum(one.cost.seconds for one in spent if one.step == _COLUMNS)
    return replace(
        result,
        spent=spent,
        dollars=price_of_bytes(billed, dollars_a_tib),
        timings={_COLUMNS: round(before, 3), **result.timings},
        execution_time=round(result.execution_time + before, 3),
    )
