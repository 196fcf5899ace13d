"""Story: what there is to tell of one run while it goes on, and the RunResult it ends as."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from reverse_etl.change import Counts, Problem, RunResult, Status, SyncStatus, Traffic
from reverse_etl.cost import StatementCost
from reverse_etl.counting import are, plural, were
from reverse_etl.guards import removed as removed_guard
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.journal import RowOutcomes
from reverse_etl.snapshot.run_history import ALLOWED_REMOVALS, REMOVALS
from reverse_etl.snapshot.sql.counts import DiffCounts

# A share of the rows that one run sends says something from so many rows on.
_ENOUGH_FOR_A_SHARE = 10


_COLUMNS = "columns"


@dataclass
class Story:
    """One run so far. `began` by the monotonic clock, in seconds."""

    started_at: str
    began: float
    counts: DiffCounts = field(default_factory=DiffCounts)
    plan: Mapping[str, int] = field(default_factory=dict)
    to_send: int = 0
    changed_fields: Mapping[str, int] = field(default_factory=dict)
    fates: RowOutcomes = field(default_factory=RowOutcomes)
    traffic: Traffic = field(default_factory=Traffic)
    timings: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    problem: Problem | None = None
    status: SyncStatus | None = None
    late: bool = False
    recovered_removals: int = 0

    def looked(self, counts: DiffCounts, *, acts: bool) -> None:
        """Note what the first look found."""
        self.counts = counts
        self.changed_fields = counts.changed_fields
        self.to_send = counts.upserts + (counts.removed if acts else 0)

    def planned(self, counts: DiffCounts, rows: Mapping[str, int], changed_fields: Mapping[str, int]) -> None:
        """Note what the plan table holds; from here on it is what counts."""
        self.counts = counts
        self.plan = rows
        self.changed_fields = changed_fields

    def removals(self, allowed: Collection[str]) -> dict[str, int]:
        """What the guard of later runs has to know of the rows that this run removed, if it did."""
        removed = self.fates.removed + self.recovered_removals
        if removed and removed_guard.GUARD.name in allowed:
            return {ALLOWED_REMOVALS: removed}
        return {REMOVALS: removed} if removed else {}

    @property
    def unsure(self) -> bool:
        """Whether some row was sent without an answer, so that its request may still take effect."""
        return self.late or self.fates.counts[Status.FAILED] > self.fates.dropped


def result_of(runnable: RunnableSync, story: Story, environment: RunEnvironment) -> RunResult:
    """The result of a run that has ended. Counts that do not add up are an error of their own."""
    counts = _counts(story)
    problem = story.problem
    if problem is None and not counts.add_up():
        problem = Problem(
            "counts-do-not-add-up",
            f"sync `{runnable.sync.name}`: {plural(counts.planned, 'row')} {were(counts.planned)} planned, and the"
            " outcomes do not add up to that",
            "Report this with the run's result file; rows that were not acknowledged are sent again.",
            counts.as_dict(),
        )
    status, problem = _status(runnable, story, counts, problem, interrupted=environment.invocation.stop())
    return RunResult(
        sync=runnable.sync.name,
        model=runnable.sync.unique_id,
        relation=runnable.sync.relation,
        destination=runnable.sync.destination,
        status=status,
        counts=counts,
        traffic=story.traffic,
        timings={stage: round(seconds, 3) for stage, seconds in story.timings.items()},
        changed_fields=dict(story.changed_fields),
        created_fields=tuple(sorted(story.fates.created_fields)),
        samples=story.fates.samples(),
        warnings=(*story.warnings, *_warnings(story)),
        problem=problem.naming(runnable.sync.name) if problem else None,
        started_at=story.started_at,
        execution_time=round(environment.clock.monotonic() - story.began, 3),
        target=runnable.sync.target,
        database=runnable.sync.database,
    )


def _counts(story: Story) -> Counts:
    fates, plan, looked = story.fates.counts, story.plan, story.counts
    ended = sum(fates.values())
    planned = sum(plan.values())
    # A run that ended before its rows were read has still planned them.
    aborted = fates[Status.ABORTED] + (planned if not ended else 0)
    return Counts(
        added=plan.get("added", 0) if plan else looked.added,
        changed=plan.get("changed", 0) if plan else looked.changed,
        resent=plan.get("resent", 0) if plan else looked.resent,
        removed=looked.removed,
        unchanged=looked.unchanged,
        accepted=fates[Status.ACCEPTED],
        skipped=fates[Status.SKIPPED],
        rejected=fates[Status.REJECTED],
        invalid=fates[Status.INVALID],
        failed=fates[Status.FAILED],
        aborted=aborted,
        quarantined=looked.quarantined,
        identity_changes=looked.identity_changes,
        planned=planned,
    )


def _status(
    runnable: RunnableSync, story: Story, counts: Counts, problem: Problem | None, *, interrupted: bool
) -> tuple[SyncStatus, Problem | None]:
    if story.status is not None:
        return story.status, problem
    if problem is None and (counts.failed or counts.aborted):
        problem = _dropped(runnable.sync.name, story, counts) or _unfinished(
            runnable.sync.name, counts, interrupted=interrupted
        )
    problem = problem or _refusals(runnable, story, counts)
    if problem is not None:
        return SyncStatus.ERROR, problem
    waiting = story.counts.waiting
    refused = counts.rejected + counts.invalid + counts.quarantined - waiting
    # In update mode the rows that wait are users that Iterable lacks, which is what the mode is for.
    skipped = (counts.skipped or waiting) and runnable.sync.mode != "update"
    return (SyncStatus.WARN if refused or skipped or story.warnings else SyncStatus.SUCCESS), None


def _refusals(runnable: RunnableSync, story: Story, counts: Counts) -> Problem | None:
    """Whether too many rows were refused: of those that were sent now, or of all rows of the sync."""
    limit, looked = runnable.sync.reject_limit, story.counts
    # To forget a user was somebody's wish, and is no fault of the rows.
    rejected, sendable = counts.rejected - story.fates.forgotten, counts.planned - counts.invalid
    of_many = sendable >= _ENOUGH_FOR_A_SHARE and limit.exceeds_share(rejected, sendable)
    if of_many or limit.exceeds_count(rejected, sendable):
        return _too_many(runnable, f"{rejected:,} of {plural(sendable, 'sent row')} {were(rejected)} rejected")
    # What was refused or invalid stays so in every run, so it is compared with the model and not with what changed.
    removals = looked.refused_removals + story.plan.get("removed", 0)
    rows = max(looked.model_rows + removals, counts.planned)
    held = {"rejected": rejected, "invalid": counts.invalid, "refused by an earlier run": looked.refused_before}
    if not limit.exceeded(sum(held.values()), rows):
        return None
    reasons = ", ".join(f"{count:,} {name}" for name, count in held.items() if count)
    many = sum(held.values())
    return _too_many(runnable, f"{many:,} of {plural(rows, 'row')} {are(many)} held back: {reasons}")


def _dropped(sync: str, story: Story, counts: Counts) -> Problem | None:
    """The rows that Iterable answered and took in part only, if these are all that failed."""
    rows = story.fates.dropped
    if not rows or rows != counts.failed or counts.aborted:
        return None
    names = ", ".join(f"`{name}`" for name in sorted(story.fates.dropped_fields)) or "some fields"
    return Problem(
        "fields-dropped",
        f"sync `{sync}`: Iterable took {plural(rows, 'row')} without {names}, which it does not know",
        "Running again drops them again. Create the fields in Iterable, or let it create them"
        " (`create_new_fields: true`), or say `allow_dropped_fields: true` if they do not matter.",
        {"rows": rows},
    )


def _left(counts: Counts) -> str:
    """What did not arrive, or may not have."""
    parts = []
    if counts.failed:
        parts.append(f"it is not known whether Iterable took {plural(counts.failed, 'row')}")
    if counts.aborted:
        parts.append(f"{plural(counts.aborted, 'row')} {were(counts.aborted)} not sent")
    return ", and ".join(parts)


def _unfinished(sync: str, counts: Counts, *, interrupted: bool) -> Problem:
    if interrupted:
        return Problem(
            "interrupted",
            f"sync `{sync}`: a signal came after {plural(counts.accepted, 'row')}; {_left(counts)}",
            "Run again: the rest is sent. What Iterable accepted is committed.",
            {"accepted": counts.accepted, "failed": counts.failed, "aborted": counts.aborted},
        )
    return Problem(
        "rows-not-delivered",
        f"sync `{sync}`: {_left(counts)}",
        "Run again: they are sent again. The samples in the result file say why, with what Iterable answered.",
        {"failed": counts.failed, "aborted": counts.aborted},
    )


def _too_many(runnable: RunnableSync, said: str) -> Problem:
    return Problem(
        "reject-limit",
        f"sync `{runnable.sync.name}`: {said}",
        f"See `reverse-etl rejected --select {runnable.sync.name}{runnable.destination.flag}`. All other rows are"
        " delivered. `reject_limit` in the definition sets how many are too many.",
        {"limit": str(runnable.sync.reject_limit)},
    )


def _warnings(story: Story) -> list[str]:
    if not story.fates.dropped_fields:
        return []
    return [f"Iterable dropped the fields {', '.join(sorted(story.fates.dropped_fields))}, which it does not know"]


def with_costs(result: RunResult, spent: tuple[StatementCost, ...]) -> RunResult:
    """The result with what it took; the look at the columns, before the sync's turn, is part of its time."""
    before = sum(one.cost.seconds for one in spent if one.step == _COLUMNS)
    return replace(
        result,
        spent=spent,
        timings={_COLUMNS: round(before, 3), **result.timings},
        execution_time=round(result.execution_time + before, 3),
    )
