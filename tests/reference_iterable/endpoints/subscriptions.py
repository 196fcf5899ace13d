"""Subscriptions, channels and message types: sections 8.1 and 8.3. An array in a request replaces the stored one."""

from __future__ import annotations

from typing import Any

from tests.reference_iterable.endpoints.users import build_single_refusal, find_test_failure
from tests.reference_iterable.project_memory import EMAIL, SUBSCRIPTIONS, Memory, User
from tests.reference_iterable.replies import Reply, bad_params, reply_success
from tests.reference_iterable.request import Call
from tests.reference_iterable.rules.bodies import BOOLEAN, INTEGER, STRING
from tests.reference_iterable.rules.identity import Failure, get_leading_key, has_identifier, upsert_user

ROW = {
    "email": STRING,
    "userId": STRING,
    "emailListIds": [INTEGER],
    "userListIds": [INTEGER],
    **{name: [INTEGER] for name in SUBSCRIPTIONS},
    "campaignId": INTEGER,
    "templateId": INTEGER,
    "validateChannelAlignment": BOOLEAN,
}


def update_subscriptions(call: Call) -> Reply:
    row = call.check_body(ROW)
    _check_row(call, row)
    call.note_user(row)
    fault = _find_misalignment(call.memory, row)
    if fault:
        raise bad_params(fault)
    failure = _apply_row(call, row)
    if failure:
        raise build_single_refusal(failure)
    return reply_success()


def bulk_update_subscriptions(call: Call) -> Reply:
    rows: list[dict[str, Any]] = call.check_body({"updateSubscriptionsRequests!": [ROW]})["updateSubscriptionsRequests"]
    call.check_batch(rows)
    for row in rows:
        _check_row(call, row)
    arrays: dict[str, list[str]] = {
        "invalidEmails": [],
        "invalidUserIds": [],
        "validEmailFailures": [],
        "validUserIdFailures": [],
    }
    for row in rows:
        failure = _find_bulk_failure(call, row)
        if failure is not None:
            kind = "Email" if failure.key == "email" else "UserId"
            name = f"invalid{kind}s" if failure.stem == "invalid" else f"valid{kind}Failures"
            arrays[name].append(failure.value)
    failed = sum(map(len, arrays.values()))
    return Reply(200, {"successCount": len(rows) - failed, "failCount": failed, **arrays})


def _find_bulk_failure(call: Call, row: dict[str, Any]) -> Failure | None:
    if _find_misalignment(call.memory, row):
        key = get_leading_key(call.memory, row)
        return Failure("invalidData", key, row[key])
    failure = _apply_row(call, row)
    if failure is not None and failure.stem in ("forgotten", "conflict"):
        raise build_single_refusal(failure)
    return failure


def _check_row(call: Call, row: dict[str, Any]) -> None:
    """Refuse the whole request if an array is wrong. Raises Refusal."""
    if not has_identifier(row):
        raise bad_params("Either email or userId must be set")
    if "subscribedMessageTypeIds" in row and not call.memory.settings.opt_in:
        raise bad_params("subscribedMessageTypeIds needs opt-in message types")
    memory = call.memory
    if "userListIds" in row and memory.settings.project_type == EMAIL:
        call.note("subscriptions: userListIds in an e-mail project")
    known = {
        "emailListIds": set(memory.lists),
        "userListIds": set(memory.lists),
        "unsubscribedChannelIds": {one["id"] for one in memory.channels},
        "unsubscribedMessageTypeIds": {one["id"] for one in memory.message_types},
        "subscribedMessageTypeIds": {one["id"] for one in memory.message_types},
    }
    for name, ids in known.items():
        for number in sorted(set(row.get(name, [])) - ids):
            call.note(f"subscriptions: {name} holds {number}, which there is not")
    if not any(name in row for name in known):
        call.note("subscriptions: a row that changes nothing")


def _find_misalignment(memory: Memory, row: dict[str, Any]) -> str | None:
    """Return a subscribed message type whose channel is unsubscribed, unless the check is off."""
    if row.get("validateChannelAlignment") is False:
        return None
    off = set(row.get("unsubscribedChannelIds", []))
    for one in memory.message_types:
        if one["id"] in row.get("subscribedMessageTypeIds", []) and one["channelId"] in off:
            return f"Message type {one['id']} is of channel {one['channelId']}, which is unsubscribed"
    return None


def _apply_row(call: Call, row: dict[str, Any]) -> Failure | None:
    identifiers = {key: row[key] for key in ("email", "userId") if key in row}
    user = find_test_failure(call, row, "invalid") or upsert_user(call.memory, identifiers)
    if not isinstance(user, User):
        return user
    call.memory.applied.append((user.name, row))
    for name in SUBSCRIPTIONS:
        if name in row:
            user.subscriptions[name] = list(row[name])
    lists = row.get("emailListIds", row.get("userListIds"))
    if lists is not None:
        call.memory.set_lists(user, lists)
    return None


def list_channels(call: Call) -> Reply:
    return Reply(200, {"channels": list(call.memory.channels)})


def list_message_types(call: Call) -> Reply:
    return Reply(200, {"messageTypes": list(call.memory.message_types)})
