"""Plans what a run of a sync would do. It only reads, and shows exactly what `run` would send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reverse_etl.change import Problem
from reverse_etl.errors import ReverseEtlError
from reverse_etl.run.checks.guard_checks import guard_problem
from reverse_etl.run.checks.plain_comparison import report_plain_comparison
from reverse_etl.run.checks.rename_check import rename_warning
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.planning.estimate import estimate
from reverse_etl.run.planning.sendable_rows import connect_read_only, count_unsendable
from reverse_etl.run.planning.sync_plan import Example, SyncPlan
from reverse_etl.run.runnable_sync import RunnableSync, problem_of
from reverse_etl.snapshot.snapshot_reader import ChangedRow, SnapshotReader, SnapshotStatus
from reverse_etl.sync import BrokenSync, Sync
from reverse_etl.warehouses.base import Reader
from reverse_etl.warehouses.mark import Mark

_ROWS_LOOKED_AT = 200


def plan_sync(runnable: RunnableSync, reader: Reader, environment: RunEnvironment, examples: int) -> SyncPlan:
    """Return the plan of one sync, with up to `examples` examples of each field that changes. Raises ConfigError."""
    with reader.session(Mark(environment.invocation.id, runnable.sync.name, "look")):
        return _plan(runnable, reader, environment, examples)


def _plan(runnable: RunnableSync, reader: Reader, environment: RunEnvironment, examples: int) -> SyncPlan:
    snapshot = SnapshotReader(reader, environment.settings.state_schema, runnable.sync, runnable.layout)
    look = snapshot.read_status(resends=environment.invocation.full_refresh)
    report_plain_comparison(look, runnable.sync.name, environment.invocation.listener)
    if look.lease is not None:
        snapshot.check_lease(look.lease)
    samples = snapshot.samples(look.diff, _ROWS_LOOKED_AT) if look.counts.changed and examples else []
    outlook = _foresee(runnable, look, reader, environment)
    return replace(
        _counted(outlook.runnable, look, outlook.unsendable, environment),
        examples=_examples(runnable, samples, examples),
        problems=outlook.problems,
        warnings=(*outlook.warnings, *_rename_warnings(runnable, look, reader, environment)),
        fails=outlook.fails,
        note=_note(look),
    )


@dataclass(frozen=True)
class _Outlook:
    """How far a run would get: the sync with the destination's answers, held rows, and the problem that ends it."""

    runnable: RunnableSync
    unsendable: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    fails: bool = False


def _foresee(runnable: RunnableSync, look: SnapshotStatus, reader: Reader, environment: RunEnvironment) -> _Outlook:
    """Do what a run does before its first row, in the same order: guards first."""
    stop = guard_problem(runnable, look, environment.invocation.passed_guards)
    removals = look.counts.removed if look.diff.acts_on_removed else 0
    if stop is not None or not look.counts.upserts + removals:
        return _Outlook(runnable, problems=(stop,) if stop is not None else ())
    try:
        with reader.idle():
            asked, warnings = _asked(runnable, environment)
    except ReverseEtlError as error:
        return _Outlook(runnable, problems=(problem_of(error).naming(runnable.sync.name),), fails=True)
    stop = guard_problem(asked, look, environment.invocation.passed_guards)
    if stop is not None:
        return _Outlook(asked, problems=(stop,), warnings=tuple(warnings))
    unsendable = count_unsendable(asked, look.diff, reader) if look.counts.upserts else {}
    return _Outlook(asked, unsendable, warnings=tuple(warnings))


def _asked(runnable: RunnableSync, environment: RunEnvironment) -> tuple[RunnableSync, Sequence[str]]:
    """Return the sync with the destination's answers, and warnings."""
    client = environment.connections.client(runnable.destination)
    try:
        return connect_read_only(runnable, environment.questions(client, runnable.destination))
    finally:
        client.close()


def _counted(
    runnable: RunnableSync, look: SnapshotStatus, unsendable: Mapping[str, int], environment: RunEnvironment
) -> SyncPlan:
    counts = look.counts
    removals = counts.removed if look.diff.acts_on_removed else 0
    writes = counts.upserts - sum(unsendable.values())
    cost = estimate(runnable.bound.operations, environment.settings, writes, removals)
    return replace(
        _empty_plan(runnable.sync),
        host=runnable.destination.host,
        removal=runnable.bound.operations.remove.effect if runnable.bound.operations.remove is not None else "",
        added=counts.added,
        changed=counts.changed,
        resent=counts.resent,
        removed=counts.removed,
        unchanged=counts.unchanged,
        quarantined=counts.quarantined,
        identity_changes=counts.identity_changes,
        model_rows=counts.model_rows,
        accepted_before=counts.entries,
        to_send=writes + removals,
        requests=cost.requests,
        seconds=cost.seconds,
        invalid={**counts.invalid, **unsendable},
        changed_fields=dict(counts.changed_fields),
    )


def _rename_warnings(
    runnable: RunnableSync, look: SnapshotStatus, reader: Reader, environment: RunEnvironment
) -> tuple[str, ...]:
    warning = rename_warning(runnable, reader, environment) if look.lease is None else ""
    return (warning,) if warning else ()


def stopped_plan(definition: Sync | BrokenSync, problems: tuple[Problem, ...]) -> SyncPlan:
    """Return the plan of a sync that would not run, with the reasons: its build failed, or it is broken."""
    return replace(_empty_plan(definition), counted=False, problems=problems)


def _empty_plan(definition: Sync | BrokenSync) -> SyncPlan:
    """Return a plan with only the facts of the sync."""
    one = definition
    plan = SyncPlan(one.name, one.unique_id, one.relation, one.destination, target=one.target, database=one.database)
    if isinstance(one, BrokenSync):
        return plan
    return replace(plan, object=one.object, mode=one.mode, on_removed=one.on_removed)


def _note(look: SnapshotStatus) -> str:
    """Return a warning about an open run, which a plan cannot foresee."""
    if look.lease is None or look.lease.run is None:
        return ""
    return (
        f"run {look.lease.run.fence} has not committed: it goes on, or it died. What the destination accepted of it is"
        " taken off before the next run plans, so fewer rows may be sent than are counted here"
    )


def _examples(runnable: RunnableSync, samples: Sequence[ChangedRow], most: int) -> Mapping[str, tuple[Example, ...]]:
    kinds = {value.field.label: value.kind.value for value in runnable.layout.values}
    found: dict[str, list[Example]] = {}
    for sample in samples:
        for path, (old, new) in sample.fields.items():
            shown = found.setdefault(path, [])
            if len(shown) < most:
                shown.append(Example(sample.identity, kinds[path], old, new))
    return {path: tuple(shown) for path, shown in found.items()}
