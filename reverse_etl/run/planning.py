"""Planning: what a run of a sync would do, found out by reading alone; what is shown is what `run` would send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reverse_etl.change import Problem
from reverse_etl.errors import ReverseEtlError
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.estimate import estimate
from reverse_etl.run.ready import Ready, problem_of
from reverse_etl.run.rehearsal import count_unsendable, look_ahead
from reverse_etl.run.renaming import rename_warning
from reverse_etl.run.stages.guarding import guard_problem
from reverse_etl.run.stages.plain_comparison import tell_plain_comparison
from reverse_etl.run.sync_plan import Example, SyncPlan
from reverse_etl.snapshot.look import Look, Sample, SnapshotReader
from reverse_etl.sync import BrokenSync, Sync
from reverse_etl.warehouses.base import Mark, Reader

_ROWS_LOOKED_AT = 200


def plan_sync(ready: Ready, reader: Reader, environment: RunEnvironment, examples: int) -> SyncPlan:
    """The plan of one sync, with up to `examples` examples of each field that changes. Raises ConfigError."""
    with reader.session(Mark(environment.invocation.id, ready.sync.name, "look")):
        return _plan(ready, reader, environment, examples)


def _plan(ready: Ready, reader: Reader, environment: RunEnvironment, examples: int) -> SyncPlan:
    snapshot = SnapshotReader(reader, environment.settings.state_schema, ready.sync, ready.shape)
    look = snapshot.look(resends=environment.invocation.full_refresh)
    tell_plain_comparison(look, ready.sync.name, environment.invocation.listener)
    if look.lease is not None:
        snapshot.check_lease(look.lease)
    samples = snapshot.samples(look.diff, _ROWS_LOOKED_AT) if look.counts.changed and examples else []
    outlook = _foresee(ready, look, reader, environment)
    return replace(
        _counted(outlook.ready, look, outlook.unsendable, environment),
        examples=_examples(ready, samples, examples),
        problems=outlook.problems,
        warnings=(*outlook.warnings, *_rename_warnings(ready, look, reader, environment)),
        fails=outlook.fails,
        note=_note(look),
    )


@dataclass(frozen=True)
class _Outlook:
    """How far a run would come: the sync as Iterable was asked about it, and what would be held back or end it."""

    ready: Ready
    unsendable: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    fails: bool = False


def _foresee(ready: Ready, look: Look, reader: Reader, environment: RunEnvironment) -> _Outlook:
    """What a run does before its first row goes out, in the same order; a guard that stops it comes first."""
    stop = guard_problem(ready, look, environment.invocation.passed_guards)
    removals = look.counts.removed if look.diff.acts_on_removed else 0
    if stop is not None or not look.counts.upserts + removals:
        return _Outlook(ready, problems=(stop,) if stop is not None else ())
    try:
        with reader.idle():
            asked, warnings = _asked(ready, environment)
    except ReverseEtlError as error:
        return _Outlook(ready, problems=(problem_of(error).naming(ready.sync.name),), fails=True)
    stop = guard_problem(asked, look, environment.invocation.passed_guards)
    if stop is not None:
        return _Outlook(asked, problems=(stop,), warnings=tuple(warnings))
    unsendable = count_unsendable(asked, look.diff, reader) if look.counts.upserts else {}
    return _Outlook(asked, unsendable, warnings=tuple(warnings))


def _asked(ready: Ready, environment: RunEnvironment) -> tuple[Ready, Sequence[str]]:
    """The sync with what Iterable says of it, and warnings."""
    client = environment.connections.client(ready.destination)
    try:
        return look_ahead(ready, environment.questions(client, ready.destination))
    finally:
        client.close()


def _counted(ready: Ready, look: Look, unsendable: Mapping[str, int], environment: RunEnvironment) -> SyncPlan:
    counts = look.counts
    removals = counts.removed if look.diff.acts_on_removed else 0
    writes = counts.upserts - sum(unsendable.values())
    cost = estimate(ready.bound.operations, environment.settings, writes, removals)
    return replace(
        _empty_plan(ready.sync),
        host=ready.destination.host,
        removal=ready.bound.operations.remove.effect if ready.bound.operations.remove is not None else "",
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


def _rename_warnings(ready: Ready, look: Look, reader: Reader, environment: RunEnvironment) -> tuple[str, ...]:
    warning = rename_warning(ready, reader, environment) if look.lease is None else ""
    return (warning,) if warning else ()


def unplanned(definition: Sync | BrokenSync, problems: tuple[Problem, ...]) -> SyncPlan:
    """The plan of a sync that would not run, with the reasons: its model was not built well, or it cannot be used."""
    return replace(_empty_plan(definition), counted=False, problems=problems)


def _empty_plan(definition: Sync | BrokenSync) -> SyncPlan:
    """What a plan says of the sync itself."""
    one = definition
    plan = SyncPlan(one.name, one.unique_id, one.relation, one.destination, target=one.target, database=one.database)
    if isinstance(one, BrokenSync):
        return plan
    return replace(plan, object=one.object, mode=one.mode, on_removed=one.on_removed)


def _note(look: Look) -> str:
    """What a plan cannot foresee: a run that goes on, or that died before it committed."""
    if look.lease is None or look.lease.run is None:
        return ""
    return (
        f"run {look.lease.run.fence} has not committed: it goes on, or it died. What Iterable acknowledged of it is"
        " taken off before the next run plans, so fewer rows may be sent than are counted here"
    )


def _examples(ready: Ready, samples: Sequence[Sample], most: int) -> Mapping[str, tuple[Example, ...]]:
    kinds = {value.field.label: value.kind.value for value in ready.shape.values}
    found: dict[str, list[Example]] = {}
    for sample in samples:
        for path, (old, new) in sample.fields.items():
            shown = found.setdefault(path, [])
            if len(shown) < most:
                shown.append(Example(sample.identity, kinds[path], old, new))
    return {path: tuple(shown) for path, shown in found.items()}
