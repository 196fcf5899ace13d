"""SyncPlan: what a run of one sync would do, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reverse_etl.change import ComparisonReport, Problem
from reverse_etl.cost import CostEstimate
from reverse_etl.run.journeys.journey_forecast import JourneyForecast
from reverse_etl.run.planning.payload_preview import PayloadPreview


@dataclass(frozen=True)
class Example:
    """One field of one changed row: the row's identity, the column's kind, and both values as text."""

    identity: str
    kind: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class PlanSamples:
    """How many rows a plan shows: `examples` of each changed field, and `payloads` of each kind of row.

    `costs`: the plan only estimates what the comparison costs, and compares nothing.
    """

    examples: int = 3
    payloads: int = 0
    costs: bool = False


@dataclass(frozen=True)
class SyncPlan:
    """What a run of one sync would do. Counts are rows; `invalid` counts by reason, `changed_fields` by field.

    `examples` are a few changed rows by field. `on_removed` says whether removed rows are sent, `removal` what it does.
    `to_send` rows would be sent, and `left` rows would wait for a later run because of `ended_by`: `limit` or
    `max_rows_per_run`.
    All rows to write together have `fields_sent` in bodies of `body_bytes`. Their `fields_spared` did not change, and
    stay out.
    `unknown_keys` are keys after `--only` that no row has.
    `baseline` says how rows count as accepted without being sent: `trust`, or `compare` with what the destination
    holds; empty if the run sends rows. `adopted` rows count as accepted, or are compared. `until` is its time limit.
    `fails`: the run would end with an error, and not be stopped by a guard.
    `journeys` is what the rows may start at the destination; None if the destination was not asked.
    `comparison` says which rows were compared, if the sync is incremental. `costs` estimate the comparison, if that was
    asked for. Then nothing was counted.
    `payloads` are the requests of a few rows of each kind, if they were asked for; none if the destination
    did not answer.
    `problems` would stop the run before it sends. If one is about the build, nothing was counted.
    `not_compared_since`: the model has not changed since that time (UTC text), so the run would not compare it, and
    nothing was counted.
    """

    sync: str
    model: str
    relation: str
    destination: str
    host: str = ""
    object: str = ""
    mode: str = ""
    on_removed: str = "ignore"
    removal: str = ""
    counted: bool = True
    added: int = 0
    changed: int = 0
    resent: int = 0
    removed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    identity_changes: int = 0
    model_rows: int = 0
    accepted_before: int = 0
    to_send: int = 0
    left: int = 0
    baseline: str = ""
    until: str = ""
    adopted: int = 0
    ended_by: str = ""
    requests: int = 0
    seconds: float = 0.0
    fields_sent: int = 0
    fields_spared: int = 0
    body_bytes: int = 0
    invalid: Mapping[str, int] = field(default_factory=dict)
    changed_fields: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[Example, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    note: str = ""
    warnings: tuple[str, ...] = ()
    unknown_keys: tuple[str, ...] = ()
    fails: bool = False
    target: str = ""
    database: str = ""
    journeys: JourneyForecast | None = None
    payloads: tuple[PayloadPreview, ...] = ()
    not_compared_since: str = ""
    comparison: ComparisonReport | None = None
    costs: tuple[CostEstimate, ...] = ()
