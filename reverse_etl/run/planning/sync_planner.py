"""Plans what a run of a sync would do. It only reads, and shows exactly what `run` would send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.destinations.journeys import JourneyList
from reverse_etl.errors import ReverseEtlError
from reverse_etl.guards.amount.journeys import find_journey_warning
from reverse_etl.run.checks.chosen_keys import choose_rows, chosen_warnings
from reverse_etl.run.checks.first_run import with_oldest_row
from reverse_etl.run.checks.guard_checks import guard_problem, send_context
from reverse_etl.run.checks.left_out_fields import left_out_warning
from reverse_etl.run.checks.plain_comparison import report_plain_comparison
from reverse_etl.run.checks.read_only_connection import connect_read_only
from reverse_etl.run.checks.rename_check import rename_warning
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.incremental import comparison_report, why_full
from reverse_etl.run.journeys.journey_forecast import JourneyForecast
from reverse_etl.run.journeys.journey_rows import fields_column_of, name_column_of
from reverse_etl.run.model_versions.comparison import compare_model
from reverse_etl.run.planning.baseline_plan import find_baseline, with_baseline
from reverse_etl.run.planning.cost_estimate import estimate_costs
from reverse_etl.run.planning.estimate import estimate
from reverse_etl.run.planning.payload_builder import find_first_rows, preview_payloads
from reverse_etl.run.planning.payload_preview import PayloadPreview
from reverse_etl.run.planning.planned_journeys import plan_journeys
from reverse_etl.run.planning.sendable_rows import SendableRows, count_sendable
from reverse_etl.run.planning.sync_plan import Example, PlanSamples, SyncPlan
from reverse_etl.run.runnable_sync import RunnableSync, problem_of
from reverse_etl.run.sending.allowance import allowance_of
from reverse_etl.snapshot.counting.changed_rows import ChangedRow, read_changed_rows
from reverse_etl.snapshot.snapshot_reader import SnapshotReader, SnapshotStatus
from reverse_etl.sync import BrokenSync, Sync
from reverse_etl.warehouses.base import Reader
from reverse_etl.warehouses.mark import Mark

_SAMPLED_ROWS = 200
_NOT_CREATED = "ids of what the run creates first are not known yet"


def plan_sync(runnable: RunnableSync, reader: Reader, environment: RunEnvironment, shown: PlanSamples) -> SyncPlan:
    """Return the plan of one sync. `shown` says how many rows it shows. Raises ConfigError."""
    if shown.costs:
        costs = estimate_costs(runnable, reader, environment)
        return replace(_empty_plan(runnable.sync), counted=False, costs=costs)
    with reader.session(Mark(environment.invocation.id, runnable.sync.name, "look")):
        return _plan(runnable, reader, environment, shown)


def _plan(runnable: RunnableSync, reader: Reader, environment: RunEnvironment, shown: PlanSamples) -> SyncPlan:
    snapshot = SnapshotReader(
        reader,
        environment.settings.state_schema,
        runnable.sync,
        runnable.layout,
        choose_rows(runnable, reader, environment),
        why_full(environment.invocation),
    )
    status = compare_model(snapshot, runnable, reader, environment)
    status = with_oldest_row(status, runnable, snapshot)
    report_plain_comparison(status, runnable.sync.name, environment.invocation.listener)
    if find_baseline(runnable, status, environment) is not None:
        return with_baseline(
            _count(runnable, status, SendableRows(), environment), runnable, status, snapshot, environment
        )
    samples = read_changed_rows(reader, status.diff, _SAMPLED_ROWS) if status.counts.changed and shown.examples else []
    forecast = _forecast(runnable, status, reader, environment)
    if shown.payloads and forecast.problems and not forecast.is_connected:
        forecast = _ask_anyway(forecast, reader, environment)
    return replace(
        _count(forecast.runnable, status, forecast.rows, environment),
        examples=_examples(runnable, samples, shown.examples),
        payloads=_payloads(forecast, status, reader, shown.payloads) if shown.payloads else (),
        problems=forecast.problems,
        unknown_keys=status.unknown_keys,
        warnings=(
            *forecast.warnings,
            *chosen_warnings(status, full_refresh=environment.invocation.full_refresh),
            *_warnings_of_run(runnable, status, reader, environment),
        ),
        fails=forecast.fails,
        journeys=forecast.journeys,
        note=". ".join(filter(None, (_open_run_note(status), _mapping_note(runnable, status)))),
    )


@dataclass(frozen=True)
class _Forecast:
    """What would happen before the first row is sent: the connected sync, its encoded rows, and what ends the run.

    `is_connected`: the destination was asked. `creates`: the run would create something there first.
    """

    runnable: RunnableSync
    rows: SendableRows = field(default_factory=SendableRows)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    fails: bool = False
    journeys: JourneyForecast | None = None
    is_connected: bool = False
    creates: bool = False


def _forecast(runnable: RunnableSync, status: SnapshotStatus, reader: Reader, environment: RunEnvironment) -> _Forecast:
    """Do what a run does before it sends its first row, in the same order. Guards come first."""
    problem = guard_problem(runnable, status, environment)
    removals = status.counts.removed if status.diff.acts_on_removed else 0
    if problem is not None or not status.counts.upserts + removals:
        return _Forecast(runnable, problems=(problem,) if problem is not None else ())
    try:
        with reader.idle():
            connected, warnings, journeys = _connect(runnable, environment)
    except ReverseEtlError as error:
        return _Forecast(runnable, problems=(problem_of(error).naming(runnable.sync.name),), fails=True)
    asked = _Forecast(connected, warnings=tuple(warnings), is_connected=True, creates=connected is runnable)
    problem = guard_problem(connected, status, environment)
    if problem is not None:
        return replace(asked, problems=(problem,))
    column = name_column_of(connected, journeys) or fields_column_of(connected, journeys)
    rows = count_sendable(connected, status.diff, reader, column) if status.counts.upserts else SendableRows()
    forecast = plan_journeys(connected, status, journeys, rows, environment)
    problem = guard_problem(connected, status, environment, journeys=forecast)
    warning = find_journey_warning(send_context(connected, status, environment, forecast))
    return replace(
        asked,
        rows=rows,
        problems=(problem,) if problem is not None else (),
        warnings=(*warnings, *([warning] if warning else [])),
        journeys=forecast,
    )


def _ask_anyway(forecast: _Forecast, reader: Reader, environment: RunEnvironment) -> _Forecast:
    """Return the forecast of a run that a guard stops, with the answers that show what it would have sent."""
    try:
        with reader.idle():
            connected, _, _ = _connect(forecast.runnable, environment)
    except ReverseEtlError:
        return forecast
    creates = connected is forecast.runnable
    return replace(forecast, runnable=connected, is_connected=True, creates=creates)


def _payloads(forecast: _Forecast, status: SnapshotStatus, reader: Reader, rows: int) -> tuple[PayloadPreview, ...]:
    """Return the requests of the first `rows` rows of each kind; none without an answer, or without a comparison."""
    if not forecast.is_connected or status.not_compared_since:
        return ()
    notes = [f"the run would stop first: {problem.code}" for problem in forecast.problems]
    notes += [_NOT_CREATED] if forecast.creates else []
    found = preview_payloads(forecast.runnable, reader, status.diff, find_first_rows(reader, status.diff, rows))
    return tuple(replace(payload, note="; ".join(notes)) for payload in found)


def _connect(
    runnable: RunnableSync, environment: RunEnvironment
) -> tuple[RunnableSync, Sequence[str], JourneyList | None]:
    """Return the sync with what the destination says about it, warnings, and journeys that rows could start."""
    client = environment.connections.client(runnable.destination)
    try:
        caller = environment.make_caller(client, runnable.destination)
        connected, warnings = connect_read_only(runnable, caller)
        return connected, warnings, environment.journeys.read(connected, caller)
    finally:
        client.close()


def _count(runnable: RunnableSync, status: SnapshotStatus, rows: SendableRows, environment: RunEnvironment) -> SyncPlan:
    counts = status.counts
    all_removals = counts.removed if status.diff.acts_on_removed else 0
    all_writes = counts.upserts - sum(rows.unsendable.values())
    allowance = allowance_of(runnable.sync, environment)
    writes = allowance.rows_of(all_writes)
    removals = allowance.rows_of(all_writes + all_removals) - writes
    left = all_writes + all_removals - writes - removals
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
        model_rows=0 if status.not_compared_since else counts.model_rows,
        accepted_before=counts.entries,
        to_send=writes + removals,
        left=left,
        ended_by=allowance.rows_reason if left else "",
        requests=cost.requests,
        seconds=cost.seconds,
        fields_sent=rows.fields_sent,
        fields_spared=rows.fields_spared,
        body_bytes=rows.body_bytes,
        invalid={**counts.invalid, **rows.unsendable},
        changed_fields=dict(counts.changed_fields),
        not_compared_since=status.not_compared_since,
        comparison=comparison_report(status),
    )


def _warnings_of_run(
    runnable: RunnableSync, status: SnapshotStatus, reader: Reader, environment: RunEnvironment
) -> tuple[str, ...]:
    about_name = rename_warning(runnable, reader, environment) if status.lease is None else ""
    return tuple(filter(None, (left_out_warning(runnable.sync), about_name)))


def stopped_plan(definition: Sync | BrokenSync, problems: tuple[Problem, ...]) -> SyncPlan:
    """Return the plan of a sync that would not run, with the reasons: a failed build, or a broken definition."""
    return replace(_empty_plan(definition), counted=False, problems=problems)


def _empty_plan(definition: Sync | BrokenSync) -> SyncPlan:
    """Return a plan with only the facts of the definition."""
    one = definition
    plan = SyncPlan(one.name, one.unique_id, one.relation, one.destination, target=one.target, database=one.database)
    if isinstance(one, BrokenSync):
        return plan
    return replace(plan, object=one.object, mode=one.mode, on_removed=one.on_removed)


def _open_run_note(status: SnapshotStatus) -> str:
    """Return what a plan cannot know: how much of an open run was accepted. Empty if no run is open."""
    if status.lease is None or status.lease.run is None:
        return ""
    return (
        f"run {status.lease.run.fence} has not committed: it is active, or it crashed. The next run first commits what"
        " the destination accepted, so it may send fewer rows than this plan counts"
    )


def _mapping_note(runnable: RunnableSync, status: SnapshotStatus) -> str:
    """Return how many rows changed only because the mapping was edited. Empty for none."""
    edited = [f"`{v.field.label}`" for v in runnable.layout.values if v.field.label in status.diff.edited]
    count = status.counts.edited
    return f"{plural(count, 'row')} changed only because the mapping was edited: {', '.join(edited)}" if count else ""


def _examples(runnable: RunnableSync, samples: Sequence[ChangedRow], most: int) -> Mapping[str, tuple[Example, ...]]:
    kinds = {value.field.label: value.kind.value for value in runnable.layout.values}
    found: dict[str, list[Example]] = {}
    for sample in samples:
        for path, (old, new) in sample.fields.items():
            examples = found.setdefault(path, [])
            if len(examples) < most:
                examples.append(Example(sample.identity, kinds[path], old, new))
    return {path: tuple(examples) for path, examples in found.items()}
