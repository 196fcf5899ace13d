"""GET export/data.json, export/data.csv and export/userEvents. They return the data at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.endpoints.exports import export_rows
from reverse_etl.sandbox.endpoints.exports.export_rows import CSV, JSON_LINES
from reverse_etl.sandbox.plurals import pluralize
from reverse_etl.sandbox.replies import ApiRefusal, Reply
from reverse_etl.sandbox.rules.identity import is_valid_email

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.state.export_jobs import Selection


def export_json(call: Call) -> Reply:
    rows = list(export_rows.select_rows(call.project, _parse_selection(call)))
    return Reply(200, export_rows.format_json_lines(rows), JSON_LINES, pluralize(len(rows), "line"))


def export_csv(call: Call) -> Reply:
    selection = _parse_selection(call)
    rows = list(export_rows.select_rows(call.project, selection))
    text = export_rows.format_csv(export_rows.list_columns(selection, rows), selection.delimiter, rows)
    return Reply(200, text, CSV, pluralize(len(rows), "line"))


def export_user_events(call: Call) -> Reply:
    """Return the events of one user, oldest first. Custom events are included only on request."""
    project, query = call.project, call.query
    email, user_id = query.get("email"), query.get("userId")
    if email is None and user_id is None:
        raise ApiRefusal(400, "BadParams", "Either email or userId must be set")
    if email is not None and not is_valid_email(email):
        raise ApiRefusal(400, "InvalidEmailAddressError", f"Invalid email: {email}")
    if email is not None:
        profile = project.email_index.find_first(email.lower())
    else:
        profile = project.user_id_index.find_first(user_id)
    events = reversed(project.events.list_latest_of(profile)) if profile else ()
    with_custom = query.get("includeCustomEvents") == "true"
    rows = [export_rows.format_event(project, one) for one in events if with_custom or one.type != "customEvent"]
    return Reply(200, export_rows.format_json_lines(rows), JSON_LINES, pluralize(len(rows), "line"))


def _parse_selection(call: Call) -> Selection:
    return export_rows.parse_selection(call.query, call.project.clock(), "Today")
