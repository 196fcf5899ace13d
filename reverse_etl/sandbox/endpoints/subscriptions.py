"""POST users/updateSubscriptions and users/bulkUpdateSubscriptions: every array of a row replaces the stored one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints.user_updates import single_refusal
from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Reply, refusal, resource, success
from reverse_etl.sandbox.rules.subscription_rules import choices, choose, fault
from reverse_etl.sandbox.rules.users import Failure, own, resolve, write
from reverse_etl.sandbox.state.profile import Change

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.rules.users import Row
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project

_ROW: Final[bodies.Shape] = {
    **bodies.IDENTIFIER,
    "emailListIds": [int],
    "userListIds": [int],
    "unsubscribedChannelIds": [int],
    "unsubscribedMessageTypeIds": [int],
    "subscribedMessageTypeIds": [int],
    "campaignId": int,
    "templateId": int,
    "validateChannelAlignment": bool,
}
_REQUESTS: Final = "updateSubscriptionsRequests"


def update(call: Call) -> Reply:
    row, project = call.body, call.project
    bodies.require(row, _ROW, call.path)
    if row.get("email") is None and row.get("userId") is None:
        raise refusal(400, "BadParams", "Either email or userId must be set")
    outcome = _choose(project, row)
    if isinstance(outcome, Failure):
        raise single_refusal(outcome, project.options.behaviour)
    if isinstance(outcome, str):
        raise refusal(400, "BadParams", outcome)
    return success()


def bulk_update(call: Call) -> Reply:
    body, project = call.body, call.project
    bodies.require(body, {_REQUESTS: list}, call.path, _REQUESTS)
    rows: list[dict[str, Any]] = body[_REQUESTS]
    bodies.require_at_most(project.options.behaviour.max_batch_items, rows)
    bodies.require_rows(rows, _ROW, f"obj.{_REQUESTS}", call.path)
    arrays: dict[str, list[str]] = {
        name: [] for name in ("invalidEmails", "invalidUserIds", "validEmailFailures", "validUserIdFailures")
    }
    for row in rows:
        failed = _named(project, row, _choose(project, row))
        if failed:
            arrays[failed[0]].append(failed[1])
    count = sum(map(len, arrays.values()))
    reply = {"successCount": len(rows) - count, "failCount": count, **arrays}
    return resource(reply, f"{len(rows) - count} ok, {count} failed")


def _choose(project: Project, row: Row) -> Profile | Failure | str:
    """Write one row, or say why not; users are made as the project type does."""
    target = resolve(project, row)
    if isinstance(target, Failure):
        return target
    chosen = choices(project, row)
    told = fault(project, target.profile, chosen, aligned=row.get("validateChannelAlignment") is not False)
    if told is not None:
        return told
    profile = write(project, {**row, "dataFields": None}, {})
    if not isinstance(profile, Failure) and (changed := choose(project, profile, chosen)):
        profile.remember(Change(profile.updated, "subscriptions updated", changed))
    return profile


def _named(project: Project, row: Row, outcome: Profile | Failure | str) -> tuple[str, str] | None:
    """The array that names a row, and the name: what is malformed apart, everything else as a failure inside.

    Nothing documents where a refused row belongs that is well-formed.
    """
    if isinstance(outcome, Failure) and outcome.reason == "invalid":
        return outcome.array, outcome.value
    if isinstance(outcome, str):
        outcome = own(project, row, "invalidData")
    if isinstance(outcome, Failure):
        return f"valid{'Email' if outcome.kind == 'Emails' else 'UserId'}Failures", outcome.value
    return None
