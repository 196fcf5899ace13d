"""POST users/update and users/bulkUpdate: one core of rules, two ways to tell what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Refusal, Reply, refusal, success
from reverse_etl.sandbox.rules.bulk_replies import bulk_reply
from reverse_etl.sandbox.rules.users import Failure, write

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.options import Behaviour
    from reverse_etl.sandbox.state.project import Project


def update(call: Call) -> Reply:
    row, project = call.body, call.project
    bodies.require(row, bodies.SINGLE_UPDATE, call.path)
    if row.get("email") is None and row.get("userId") is None:
        raise refusal(400, "BadParams", "Either email or userId must be set")
    admitted = project.fields.admit([row.get("dataFields") or {}], create=creates(project, row))
    outcome = write(project, row, admitted.rows[0])
    if isinstance(outcome, Failure):
        raise single_refusal(outcome, project.options.behaviour)
    return success()


def bulk_update(call: Call) -> Reply:
    body, project = call.body, call.project
    behaviour = project.options.behaviour
    rows = _rows(call, behaviour)
    admitted = project.fields.admit((row.get("dataFields") or {} for row in rows), create=creates(project, body))
    update_only = behaviour.honour_update_only and body.get("updateOnly") is True
    outcomes = [
        write(project, row, fields, update_only=update_only) for row, fields in zip(rows, admitted.rows, strict=True)
    ]
    return bulk_reply(behaviour, outcomes, admitted)


def single_refusal(failure: Failure, behaviour: Behaviour) -> Refusal:
    """How the endpoints for one user tell the failure that bulk requests list."""
    email = failure.kind == "Emails"
    if failure.reason == "invalid":
        code, told = (
            ("InvalidEmailAddressError", "Invalid email: ") if email else ("InvalidUserIdError", "Invalid userId: ")
        )
        return refusal(400, code, told + failure.value)
    if failure.reason == "notFound":
        return refusal(
            400, "UnknownEmailError" if email else "UnknownUserIdError", f"User does not exist: {failure.value}"
        )
    if failure.reason == "conflict":
        return refusal(409, "ExternalKeyConflict", "Email/userId conflict")
    if failure.reason == "forgotten":
        return refusal(behaviour.forgotten_status, "ForgottenUserError", "The user has been forgotten")
    return refusal(400, "BadParams", f"Invalid dataFields for {failure.value}")


def _rows(call: Call, behaviour: Behaviour) -> list[dict[str, Any]]:
    bodies.require(call.body, bodies.BULK_UPDATE, call.path, "users")
    rows: list[dict[str, Any]] = call.body["users"]
    if not rows:
        raise refusal(400, "InvalidEmailAddressError", "Emails invalid: ")
    bodies.require_at_most(behaviour.max_batch_items, rows)
    bodies.require_rows(rows, bodies.USER_ROW, "obj.users", call.path)
    return rows


def creates(project: Project, body: dict[str, Any]) -> bool:
    """Whether a request may bring new fields: what it says itself, else the project's setting."""
    asked = body.get("createNewFields")
    return project.options.create_new_fields if asked is None else asked is True
