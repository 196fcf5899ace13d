"""Lists: section 12. Only static ones can be changed; an unknown one is refused with the code Success."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.reference_iterable.bodies import BOOLEAN, INTEGER, STRING, USER_ROW
from tests.reference_iterable.identity import Failure, find, leading, named, wrong
from tests.reference_iterable.project_memory import EMAIL, User, UserList
from tests.reference_iterable.replies import PROJECT_ID, Refused, Reply, bad_params, success, text, unknown_list
from tests.reference_iterable.request import Call
from tests.reference_iterable.users import apply_rows, bulk_result, refused


def get_all(call: Call) -> Reply:
    return Reply(200, {"lists": [_shown(one) for one in call.memory.lists.values()]})


def _shown(one: UserList) -> dict[str, Any]:
    shown = {"id": one.id, "name": one.name, "createdAt": 0, "listType": one.kind, "isGlobalSuppressionEnabled": False}
    return shown if one.description is None else {**shown, "description": one.description}


def create(call: Call) -> Reply:
    body = call.check({"name!": STRING, "description": STRING})
    return Reply(200, {"listId": call.memory.add_list(body["name"], body.get("description")).id})


def delete(call: Call) -> Reply:
    number = call.number("listId")
    if call.memory.lists.pop(number, None) is None:
        raise bad_params(f"Unable to delete list {number} in Project {PROJECT_ID}, which does not exist.")
    return success(f"List {number} in Project {PROJECT_ID} was successfully deleted.")


def subscribe(call: Call) -> Reply:
    """Adds users, and updates their profiles on the way; unknown ones are made, if that is allowed."""
    body = call.check({"listId!": INTEGER, "subscribers!": [{**USER_ROW}], "updateExistingUsersOnly": BOOLEAN})
    one, rows = _static(call, body["listId"]), body["subscribers"]
    creates = call.memory.settings.project_type == EMAIL or not body.get("updateExistingUsersOnly")
    result = apply_rows(call, rows, None, creates=creates)
    failed = {value.lower() for values in result["failedUpdates"].values() for value in values}
    for row in rows:
        user = find(call.memory, row)
        if isinstance(user, User) and row[leading(call.memory, row)].lower() not in failed:
            user.in_lists = True
            if user not in one.members:
                one.members.append(user)
    return Reply(200, result)


def unsubscribe(call: Call) -> Reply:
    """Takes users off. `channelUnsubscribe` takes them off all channels too, which no sync should ever ask for."""
    row = {"email": STRING, "userId": STRING}
    body = call.check({"listId!": INTEGER, "subscribers!": [row], "campaignId": INTEGER, "channelUnsubscribe": BOOLEAN})
    if body.get("channelUnsubscribe") is not False:
        call.note("lists: channelUnsubscribe is not false")
    one = _static(call, body["listId"])
    rows: Sequence[dict[str, Any]] = body["subscribers"]
    call.batch(rows)
    if not all(map(named, rows)):
        raise bad_params("Either email or userId must be set")
    failures = [
        failure
        for row in rows
        if (failure := _unsubscribe(call, one, row, everywhere=body.get("channelUnsubscribe", False)))
    ]
    return Reply(200, bulk_result(len(rows), failures))


def _unsubscribe(call: Call, one: UserList, row: dict[str, Any], *, everywhere: bool) -> Failure | None:
    failure = refused(call, row, "invalid") or wrong(call.memory, row)
    if failure:
        return failure
    user = find(call.memory, row)
    if not isinstance(user, User):
        key = leading(call.memory, row)
        return user or Failure("notFound", key, row[key])
    if user in one.members:
        one.members.remove(user)
    user.in_lists = True
    if everywhere:
        user.subscriptions["unsubscribedChannelIds"] = [channel["id"] for channel in call.memory.channels]
    call.memory.applied.append((user.name, {"unsubscribe": one.id}))
    return None


def _static(call: Call, number: int) -> UserList:
    one = call.memory.lists.get(number)
    if one is None:
        raise Refused(unknown_list(number))
    if one.kind != "Standard":
        raise bad_params(f"List {number} is not static")
    return one


def get_users(call: Call) -> Reply:
    return text("".join(f"{name}\n" for name in _names(call)))


def preview_users(call: Call) -> Reply:
    size = call.number("size", 1000)
    if not 1 <= size <= 5000:
        raise bad_params("size must be between 1 and 5000")
    return text("".join(f"{name}\n" for name in _names(call)[:size]))


def _names(call: Call) -> list[str]:
    one = call.memory.lists.get(call.number("listId"))
    if one is None:
        given = {"projectId": str(PROJECT_ID), "listId": call.values.get("listId", "")}
        raise bad_params("Invalid email list id", given)
    prefers = call.values.get("preferUserId") == "true"
    return [str((user.user_id or user.email) if prefers else user.name) for user in one.members]


def size(call: Call) -> Reply:
    one = call.memory.lists.get(call.number("listId"))
    if one is None:
        raise Refused(unknown_list(call.number("listId")))
    return text(str(len(one.members)))
