"""Estimates what the comparison of a sync reads and costs, without running it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reverse_etl.cost import CostEstimate, price_of_bytes
from reverse_etl.guards.value.column_drift import drift_limit
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.settings import Settings
from reverse_etl.snapshot.columns.recent_rows import GrowingColumn
from reverse_etl.snapshot.incremental.mark import read_mark
from reverse_etl.snapshot.lease import LeaseRow
from reverse_etl.snapshot.snapshot_reader import SnapshotReader
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.warehouses.base import Reader
from reverse_etl.warehouses.mark import Mark
from reverse_etl.warehouses.read_estimate import ReadEstimate


def estimate_costs(runnable: RunnableSync, reader: Reader, environment: RunEnvironment) -> tuple[CostEstimate, ...]:
    """Return the estimate of a full comparison and, if the sync is incremental, of a quick one before it."""
    settings = environment.settings
    with reader.session(Mark(environment.invocation.id, runnable.sync.name, "estimate")):
        snapshot = SnapshotReader(reader, settings.state_schema, runnable.sync, runnable.layout)
        lease, diff = snapshot.lease_row(), snapshot.diff()
        diff = replace(diff, watches_values=drift_limit(runnable.sync) is not None)
        found = [(name, _estimate(reader, one)) for name, one in _comparisons(runnable, lease, diff)]
    return tuple(_with_price(name, estimate, settings) for name, estimate in found)


def _comparisons(runnable: RunnableSync, lease: LeaseRow | None, diff: Diff) -> Iterator[tuple[str, Diff]]:
    mark = read_mark(lease.destination) if lease is not None else None
    rule, column = runnable.sync.incremental, runnable.layout.growing_column
    if rule is not None and column is not None and mark is not None:
        recent = GrowingColumn(diff.dialect, column).rows_from(mark.highest, rule.overlap)
        yield "quick", replace(diff, recent=recent)
    yield "full", diff


def _estimate(reader: Reader, diff: Diff) -> ReadEstimate:
    """Return what the comparison reads as one statement, which reads each column once."""
    tables = [diff.layout.relation]
    tables += [diff.tables.snapshot] if diff.stored.columns else []
    tables += [diff.tables.rejections] if diff.stored.has_rejections else []
    return reader.estimate_read(replace(diff, writes_nothing=True, keeps_rows=False).counts().last, tables)


def _with_price(name: str, estimate: ReadEstimate, settings: Settings) -> CostEstimate:
    dollars = price_of(estimate, settings)
    return CostEstimate(name, estimate.basis, estimate.bytes_read, estimate.bytes_billed, estimate.credits, dollars)


def price_of(estimate: ReadEstimate, settings: Settings) -> float | None:
    """Return the price in dollars; None if the warehouse charges neither for bytes nor for credits."""
    if estimate.bytes_billed is not None:
        return price_of_bytes(estimate.bytes_billed, settings.price_per_tib)
    return None if estimate.credits is None else estimate.credits * settings.price_per_credit
