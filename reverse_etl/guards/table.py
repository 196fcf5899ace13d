"""The table of guards, in the order they are checked. Definition keys, `--allow` and the docs come from it."""

from __future__ import annotations

from typing import Any

from reverse_etl.guards.amount import added, canary, empty_model, first_run_size, journeys, removed, shrunk
from reverse_etl.guards.columns import new_fields, pii
from reverse_etl.guards.guard import (
    BuildGuardContext,
    CanaryGuardContext,
    FieldGuardContext,
    Guard,
    ManifestGuardContext,
    SendGuardContext,
)
from reverse_etl.guards.inputs import build, snapshot, stale_manifest
from reverse_etl.guards.start import first_run, old_events
from reverse_etl.guards.target import destination, relation, target, wrong_target
from reverse_etl.guards.value import changed, column_drift

MANIFEST_GUARDS: tuple[Guard[ManifestGuardContext], ...] = (wrong_target.GUARD, stale_manifest.GUARD)
FIELD_GUARDS: tuple[Guard[FieldGuardContext], ...] = (pii.GUARD,)
BUILD_GUARDS: tuple[Guard[BuildGuardContext], ...] = (build.GUARD,)
SEND_GUARDS: tuple[Guard[SendGuardContext], ...] = (
    target.GUARD,
    snapshot.GUARD,
    relation.GUARD,
    destination.GUARD,
    new_fields.GUARD,
    first_run.GUARD,
    old_events.GUARD,
    empty_model.GUARD,
    removed.GUARD,
    first_run_size.GUARD,
    added.GUARD,
    column_drift.GUARD,
    shrunk.GUARD,
    changed.GUARD,
    journeys.GUARD,
)
CANARY_GUARDS: tuple[Guard[CanaryGuardContext], ...] = (canary.GUARD,)
GUARDS: tuple[Guard[Any], ...] = (*MANIFEST_GUARDS, *FIELD_GUARDS, *BUILD_GUARDS, *SEND_GUARDS, *CANARY_GUARDS)
# What `--allow` accepts.
ALLOWABLE = tuple(guard.name for guard in GUARDS if guard.can_be_allowed)
