"""POST users/update and users/bulkUpdate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.endpoints.failure_replies import build_bulk_reply, build_single_refusal
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_success
from reverse_etl.sandbox.rules.journeys import Occurrence, list_field_paths
from reverse_etl.sandbox.state.user_writes import Failure, write_user

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.options import Behaviour
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project
    from reverse_etl.sandbox.state.user_writes import Row


def update_user(call: Call) -> Reply:
    row, project = call.body, call.project
    request_bodies.check_body(row, request_bodies.SINGLE_UPDATE, call.path)
    if row.get("email") is None and row.get("userId") is None:
        raise ApiRefusal(400, "BadParams", "Either email or userId must be set")
    create = project.may_create_fields(row)
    admitted = project.field_types.admit_rows([row.get("dataFields") or {}], create=create)
    outcome = _write_user(project, row, admitted.rows[0])
    if isinstance(outcome, Failure):
        raise build_single_refusal(outcome, project.options.behaviour)
    return reply_success()


def bulk_update_users(call: Call) -> Reply:
    body, project = call.body, call.project
    behaviour = project.options.behaviour
    rows = _read_rows(call, behaviour)
    fields = (row.get("dataFields") or {} for row in rows)
    admitted = project.field_types.admit_rows(fields, create=project.may_create_fields(body))
    update_only = behaviour.honour_update_only and body.get("updateOnly") is True
    outcomes = [
        _write_user(project, row, stored, update_only=update_only)
        for row, stored in zip(rows, admitted.rows, strict=True)
    ]
    return build_bulk_reply(behaviour, outcomes, admitted)


def _write_user(project: Project, row: Row, fields: Fields | None, *, update_only: bool = False) -> Failure | Profile:
    """Write a row. A profile update starts the journeys of all fields that the row contains, changed or not."""
    next_id = project.next_id
    outcome = write_user(project, row, fields, update_only=update_only)
    if project.journeys.journeys and not isinstance(outcome, Failure):
        paths = list_field_paths(row.get("dataFields") or {})
        cause = f"profile update with {', '.join(sorted(paths)) or 'no fields'}"
        occurrence = Occurrence("profile_update", paths, cause, is_new_user=outcome.id >= next_id)
        project.journeys.start(outcome, occurrence, project.clock())
    return outcome


def _read_rows(call: Call, behaviour: Behaviour) -> list[dict[str, Any]]:
    request_bodies.check_body(call.body, request_bodies.BULK_UPDATE, call.path, "users")
    rows: list[dict[str, Any]] = call.body["users"]
    if not rows:
        raise ApiRefusal(400, "InvalidEmailAddressError", "Emails invalid: ")
    request_bodies.check_count(behaviour.max_batch_items, rows)
    request_bodies.check_rows(rows, request_bodies.USER_ROW, "obj.users", call.path)
    return rows
