"""What of the rows of a sync decides which journeys they start: the name of an event, and the fields of a user."""

from __future__ import annotations

from collections.abc import Collection

from reverse_etl.destinations.journeys import JourneyList
from reverse_etl.run.runnable_sync import RunnableSync

# The column of the plan with the changed fields of each row.
CHANGED = "changed"


def name_column_of(runnable: RunnableSync, listed: JourneyList | None) -> str:
    """Return the column of the plan that holds the names of the rows' events; empty if no journey needs them."""
    if listed is None or not listed.journeys:
        return ""
    labels = {event.name_column for event in runnable.bound.journey_events}
    return next((value.name for value in runnable.layout.values if value.field.label in labels), "")


def fields_column_of(runnable: RunnableSync, listed: JourneyList | None) -> str:
    """Return the column of the plan that says which fields a row carries; empty if no journey needs them."""
    has_fields = any(event.has_fields for event in runnable.bound.journey_events)
    return CHANGED if has_fields and listed is not None and listed.journeys else ""


def find_sent_fields(runnable: RunnableSync, changed: Collection[str] | None) -> tuple[str, ...]:
    """Return the fields that rows carry, in the order of the definition. None: every field.

    `changed` are different values of the plan's column, as text.
    """
    fields = [value.field for value in runnable.layout.values]
    texts: Collection[str | None] = [None] if changed is None else [None if one == "None" else one for one in changed]
    positions = {position for text in texts for position in runnable.encoder.fields_of(text).positions}
    return tuple(fields[position].path for position in sorted(positions) if not fields[position].from_key)
