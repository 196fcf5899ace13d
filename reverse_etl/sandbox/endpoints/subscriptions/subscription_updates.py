"""POST users/updateSubscriptions and users/bulkUpdateSubscriptions. Every array of a row replaces the stored array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.endpoints.failure_replies import build_single_refusal
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_json, reply_success
from reverse_etl.sandbox.state.profile import Change
from reverse_etl.sandbox.state.subscriptions import find_problem, read_row_ids, set_subscriptions
from reverse_etl.sandbox.state.user_writes import Failure, fail_row, find_target, write_user

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project
    from reverse_etl.sandbox.state.user_writes import Row

_ROW: Final[request_bodies.Shape] = {
    **request_bodies.IDENTIFIER,
    "emailListIds": [int],
    "userListIds": [int],
    "unsubscribedChannelIds": [int],
    "unsubscribedMessageTypeIds": [int],
    "subscribedMessageTypeIds": [int],
    "campaignId": int,
    "templateId": int,
    "validateChannelAlignment": bool,
}
_ROWS_MEMBER: Final = "updateSubscriptionsRequests"
_FAILURE_ARRAYS: Final = ("invalidEmails", "invalidUserIds", "validEmailFailures", "validUserIdFailures")


def update_subscriptions(call: Call) -> Reply:
    row, project = call.body, call.project
    request_bodies.check_body(row, _ROW, call.path)
    if row.get("email") is None and row.get("userId") is None:
        raise ApiRefusal(400, "BadParams", "Either email or userId must be set")
    outcome = _update_row(project, row)
    if isinstance(outcome, Failure):
        raise build_single_refusal(outcome, project.options.behaviour)
    if isinstance(outcome, str):
        raise ApiRefusal(400, "BadParams", outcome)
    return reply_success()


def bulk_update_subscriptions(call: Call) -> Reply:
    body, project = call.body, call.project
    request_bodies.check_body(body, {_ROWS_MEMBER: list}, call.path, _ROWS_MEMBER)
    rows: list[dict[str, Any]] = body[_ROWS_MEMBER]
    request_bodies.check_count(project.options.behaviour.max_batch_items, rows)
    request_bodies.check_rows(rows, _ROW, f"obj.{_ROWS_MEMBER}", call.path)
    arrays: dict[str, list[str]] = {name: [] for name in _FAILURE_ARRAYS}
    for row in rows:
        failure = _find_failure_array(project, row, _update_row(project, row))
        if failure:
            arrays[failure[0]].append(failure[1])
    count = sum(map(len, arrays.values()))
    reply = {"successCount": len(rows) - count, "failCount": count, **arrays}
    return reply_json(reply, f"{len(rows) - count} ok, {count} failed")


def _update_row(project: Project, row: Row) -> Profile | Failure | str:
    """Write one row, or return why it cannot be written. A user that does not exist is created."""
    target = find_target(project, row)
    if isinstance(target, Failure):
        return target
    arrays = read_row_ids(project, row)
    check_alignment = row.get("validateChannelAlignment") is not False
    problem = find_problem(project, target.profile, arrays, check_alignment=check_alignment)
    if problem is not None:
        return problem
    profile = write_user(project, {**row, "dataFields": None}, {})
    if not isinstance(profile, Failure) and (changes := set_subscriptions(project, profile, arrays)):
        profile.add_change(Change(profile.updated, "subscriptions updated", changes))
    return profile


def _find_failure_array(project: Project, row: Row, outcome: Profile | Failure | str) -> tuple[str, str] | None:
    """Return the array that lists a failed row, and the identifier in it. None for a row that was written.

    Invalid identifiers have their own arrays. Iterable does not document where other refused rows belong.
    """
    if isinstance(outcome, Failure) and outcome.reason == "invalid":
        return outcome.array, outcome.value
    if isinstance(outcome, str):
        outcome = fail_row(project, row, "invalidData")
    if isinstance(outcome, Failure):
        return f"valid{'Email' if outcome.kind == 'Emails' else 'UserId'}Failures", outcome.value
    return None
