"""Lists: section 12. Only static lists can be changed. An unknown list is refused with the code Success."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.reference_iterable.endpoints.users import apply_rows, build_bulk_result, find_test_failure
from tests.reference_iterable.project_memory import EMAIL, HYBRID, USER_ID, User, UserList
from tests.reference_iterable.replies import (
    PROJECT_ID,
    Refusal,
    Reply,
    bad_params,
    reply_success,
    reply_text,
    unknown_list,
)
from tests.reference_iterable.request import Call
from tests.reference_iterable.rules.bodies import BOOLEAN, INTEGER, STRING, USER_ROW
from tests.reference_iterable.rules.identity import Failure, find_invalid, find_user, get_leading_key, has_identifier


def list_lists(call: Call) -> Reply:
    return Reply(200, {"lists": [_format_list(one) for one in call.memory.lists.values()]})


def _format_list(one: UserList) -> dict[str, Any]:
    shown = {"id": one.id, "name": one.name, "createdAt": 0, "listType": one.kind, "isGlobalSuppressionEnabled": False}
    return shown if one.description is None else {**shown, "description": one.description}


def create_list(call: Call) -> Reply:
    body = call.check_body({"name!": STRING, "description": STRING})
    return Reply(200, {"listId": call.memory.add_list(body["name"], body.get("description")).id})


def delete_list(call: Call) -> Reply:
    number = call.get_number("listId")
    if call.memory.lists.pop(number, None) is None:
        raise bad_params(f"Unable to delete list {number} in Project {PROJECT_ID}, which does not exist.")
    return reply_success(f"List {number} in Project {PROJECT_ID} was successfully deleted.")


def subscribe_users(call: Call) -> Reply:
    """Add users to a list and update their profiles. Create unknown users if that is allowed."""
    body = call.check_body({"listId!": INTEGER, "subscribers!": [{**USER_ROW}], "updateExistingUsersOnly": BOOLEAN})
    one, rows = _require_static_list(call, body["listId"]), body["subscribers"]
    creates = call.memory.settings.project_type == EMAIL or not body.get("updateExistingUsersOnly")
    result = apply_rows(call, rows, None, creates=creates)
    failed = {value.lower() for values in result["failedUpdates"].values() for value in values}
    for row in rows:
        user = find_user(call.memory, row)
        if isinstance(user, User) and row[get_leading_key(call.memory, row)].lower() not in failed:
            user.in_lists = True
            if user not in one.members:
                one.members.append(user)
    return Reply(200, result)


def unsubscribe_users(call: Call) -> Reply:
    """Remove users from a list. `channelUnsubscribe` also unsubscribes them from all channels, which no sync may do."""
    row = {"email": STRING, "userId": STRING}
    body = call.check_body(
        {"listId!": INTEGER, "subscribers!": [row], "campaignId": INTEGER, "channelUnsubscribe": BOOLEAN}
    )
    if body.get("channelUnsubscribe") is not False:
        call.note("lists: channelUnsubscribe is not false")
    one = _require_static_list(call, body["listId"])
    rows: Sequence[dict[str, Any]] = body["subscribers"]
    call.check_batch(rows)
    if not all(map(has_identifier, rows)):
        raise bad_params("Either email or userId must be set")
    failures = [
        failure
        for row in rows
        if (failure := _unsubscribe_user(call, one, row, everywhere=body.get("channelUnsubscribe", False)))
    ]
    return Reply(200, build_bulk_result(len(rows), failures))


def _unsubscribe_user(call: Call, one: UserList, row: dict[str, Any], *, everywhere: bool) -> Failure | None:
    failure = find_test_failure(call, row, "invalid") or find_invalid(call.memory, row)
    if failure:
        return failure
    user = find_user(call.memory, row)
    if not isinstance(user, User):
        key = get_leading_key(call.memory, row)
        return user or Failure("notFound", key, row[key])
    if user in one.members:
        one.members.remove(user)
    user.in_lists = True
    if everywhere:
        user.subscriptions["unsubscribedChannelIds"] = [channel["id"] for channel in call.memory.channels]
    call.memory.applied.append((user.name, {"unsubscribe": one.id}))
    return None


def _require_static_list(call: Call, number: int) -> UserList:
    one = call.memory.lists.get(number)
    if one is None:
        raise Refusal(unknown_list(number))
    if one.kind != "Standard":
        raise bad_params(f"List {number} is not static")
    return one


def get_users(call: Call) -> Reply:
    return reply_text("".join(f"{name}\n" for name in _list_names(call)))


def preview_users(call: Call) -> Reply:
    get_size = call.get_number("size", 1000)
    if not 1 <= get_size <= 5000:
        raise bad_params("size must be between 1 and 5000")
    return reply_text("".join(f"{name}\n" for name in _list_names(call)[:get_size]))


def _list_names(call: Call) -> list[str]:
    one = call.memory.lists.get(call.get_number("listId"))
    if one is None:
        given = {"projectId": str(PROJECT_ID), "listId": call.values.get("listId", "")}
        raise bad_params("Invalid email list id", given)
    # The choice exists in a hybrid project only (Swagger document): others have one unique identifier.
    prefers = call.values.get("preferUserId") == "true" and call.memory.settings.project_type == HYBRID
    first = "user_id" if prefers or call.memory.settings.project_type == USER_ID else "email"
    return [str(getattr(user, first) or user.name) for user in one.members]


def get_size(call: Call) -> Reply:
    one = call.memory.lists.get(call.get_number("listId"))
    if one is None:
        raise Refusal(unknown_list(call.get_number("listId")))
    return reply_text(str(len(one.members)))
