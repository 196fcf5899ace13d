"""The page of all fields, and the page of rate limits and faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.pages.rendering import render_page
from reverse_etl.sandbox.rules.faults import FAULTS
from reverse_etl.sandbox.rules.fields import MANAGED_FIELDS
from reverse_etl.sandbox.rules.rate_limits import RATE_LIMITS

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.replies import Reply


def show_fields(call: Call) -> Reply:
    """Show the fields of users and of events with their types."""
    project, behaviour = call.project, call.project.options.behaviour
    return render_page(
        call,
        "fields.html",
        custom=sorted(project.field_types.custom.items()),
        managed=sorted(MANAGED_FIELDS.items()),
        limit=behaviour.field_limit,
        events=sorted(project.events.field_types.types.items()),
        event_count=project.events.field_types.count_names(),
        event_limit=behaviour.event_field_limit,
    )


def show_limits(call: Call) -> Reply:
    in_use = call.project.rate_limits.list_buckets(call.project.clock())
    return render_page(call, "limits.html", in_use=in_use, rate_limits=sorted(RATE_LIMITS.items()), meanings=FAULTS)
