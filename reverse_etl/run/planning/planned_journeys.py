"""Which journeys the rows of a plan may enter, from the list of journeys and the counts of the plan."""

from __future__ import annotations

from reverse_etl.destinations.journeys import JourneyList
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.journeys.journey_forecast import JourneyForecast, RowsToSend, forecast_journeys
from reverse_etl.run.journeys.journey_rows import find_sent_fields
from reverse_etl.run.planning.sendable_rows import SendableRows
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.allowance import most_rows_of
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus


def plan_journeys(
    runnable: RunnableSync,
    status: SnapshotStatus,
    listed: JourneyList | None,
    rows: SendableRows,
    environment: RunEnvironment,
) -> JourneyForecast | None:
    """Return what the rows of a plan may start; None if they can start nothing."""
    if listed is None:
        return None
    counts, by_fields = status.counts, any(event.has_fields for event in runnable.bound.journey_events)
    going = RowsToSend(
        written=counts.upserts - sum(rows.unsendable.values()),
        added=counts.added,
        removed=counts.removed if status.diff.acts_on_removed else 0,
        names={} if by_fields else dict(rows.names.most_common()),
        unnamed=0 if by_fields else rows.unnamed,
        fields=find_sent_fields(runnable, None if rows.unnamed else rows.names) if by_fields else (),
    )
    going = going.limited_to(most_rows_of(runnable.sync, environment))
    return forecast_journeys(listed, runnable.bound.journey_events, going)
