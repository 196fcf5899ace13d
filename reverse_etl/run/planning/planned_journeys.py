"""Which journeys the rows of a plan may enter, from the list of journeys and the counts of the plan."""

from __future__ import annotations

from reverse_etl.destinations.journeys import JourneyList
from reverse_etl.run.journeys.journey_forecast import JourneyForecast, RowsToSend, forecast_journeys
from reverse_etl.run.planning.sendable_rows import SendableRows
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus


def name_column_of(runnable: RunnableSync, listed: JourneyList | None) -> str:
    """Return the column of the plan that holds the names of the rows' events; empty if no journey needs them."""
    if listed is None or not listed.journeys:
        return ""
    labels = {event.name_column for event in runnable.bound.journey_events}
    return next((value.name for value in runnable.layout.values if value.field.label in labels), "")


def plan_journeys(
    runnable: RunnableSync, status: SnapshotStatus, listed: JourneyList | None, rows: SendableRows
) -> JourneyForecast | None:
    """Return what the rows of a plan may start; None if they can start nothing."""
    if listed is None:
        return None
    counts = status.counts
    going = RowsToSend(
        written=counts.upserts - sum(rows.unsendable.values()),
        added=counts.added,
        removed=counts.removed if status.diff.acts_on_removed else 0,
        names=dict(rows.names.most_common()),
        unnamed=rows.unnamed,
        fields=_fields(runnable, status),
    )
    return forecast_journeys(listed, runnable.bound.journey_events, going)


def _fields(runnable: RunnableSync, status: SnapshotStatus) -> tuple[str, ...]:
    """Return the fields that go to the destination, in the order of the definition."""
    del status
    return tuple(value.field.path for value in runnable.layout.values if not value.field.from_key)
