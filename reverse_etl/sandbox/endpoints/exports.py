"""GET export/data.json, export/data.csv and export/userEvents: what there is, at once. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.counting import plural
from reverse_etl.sandbox.http.replies import Reply, refusal
from reverse_etl.sandbox.rules.identity import valid_email
from reverse_etl.sandbox.state import export_rows
from reverse_etl.sandbox.state.export_rows import CSV, JSON_LINES

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call


def data_json(call: Call) -> Reply:
    found = list(export_rows.lines(call.project, _selected(call)))
    return Reply(200, export_rows.in_json(found), JSON_LINES, plural(len(found), "line"))


def data_csv(call: Call) -> Reply:
    selected = _selected(call)
    found = list(export_rows.lines(call.project, selected))
    text = export_rows.in_csv(export_rows.columns(selected, found), selected.delimiter, found)
    return Reply(200, text, CSV, plural(len(found), "line"))


def user_events(call: Call) -> Reply:
    """The events of one user, the oldest in front; custom ones only where asked for."""
    project, query = call.project, call.query
    email, user_id = query.get("email"), query.get("userId")
    if email is None and user_id is None:
        raise refusal(400, "BadParams", "Either email or userId must be set")
    if email is not None and not valid_email(email):
        raise refusal(400, "InvalidEmailAddressError", f"Invalid email: {email}")
    profile = project.emails.first(email.lower()) if email is not None else project.user_ids.first(user_id)
    events = reversed(project.events.of(profile)) if profile else ()
    custom_too = query.get("includeCustomEvents") == "true"
    found = [export_rows.event_line(project, one) for one in events if custom_too or one.type != "customEvent"]
    return Reply(200, export_rows.in_json(found), JSON_LINES, plural(len(found), "line"))


def _selected(call: Call) -> export_rows.Selection:
    return export_rows.selection(call.query, call.project.clock(), "Today")
