"""Merging one user into another: section 7.5."""

from __future__ import annotations

from typing import Any

from tests.reference_iterable.project_memory import Memory, User
from tests.reference_iterable.replies import Refusal, Reply, bad_params, refusal, reply_success
from tests.reference_iterable.request import Call
from tests.reference_iterable.rules.bodies import STRING

_SHAPE = {
    "sourceEmail": STRING,
    "sourceUserId": STRING,
    "destinationEmail": STRING,
    "destinationUserId": STRING,
    "arrayMerge": [{"field!": STRING, "dedupeBy": STRING}],
}


def merge_users(call: Call) -> Reply:
    body = call.check_body(_SHAPE)
    memory = call.memory
    source_name, source = _find_side(memory, body, "source")
    destination_name, destination = _find_side(memory, body, "destination")
    if call.refused & {source_name.lower(), destination_name.lower()}:
        raise bad_params(f"Cannot merge {source_name}")
    if source is None:
        code = "UnknownEmailError" if "sourceEmail" in body else "UnknownUserIdError"
        raise Refusal(refusal(400, code, f"No such user: {source_name}"))
    if source is destination:
        raise bad_params("Source and destination are one user")
    if destination is None:
        _rename_user(source, body)
    else:
        _merge_into(memory, source, destination, body.get("arrayMerge", []))
    memory.merged.append((source_name, destination_name))
    memory.applied.append((source_name, {"destination": destination_name}))
    return reply_success()


def _find_side(memory: Memory, body: dict[str, Any], side: str) -> tuple[str, User | None]:
    """Return one of the two users: its name in the request, and the user. Raises Refusal."""
    email, user_id = body.get(f"{side}Email"), body.get(f"{side}UserId")
    if email is None and user_id is None:
        raise bad_params(f"Either {side}Email or {side}UserId must be set")
    if (email or "").lower() in memory.forgotten_emails or user_id in memory.forgotten_user_ids:
        raise Refusal(refusal(409, "ForgottenUserError", "User was forgotten"))
    if email is not None:
        return email, memory.find_by_email(email)
    return str(user_id), memory.find_by_user_id(str(user_id))


def _rename_user(source: User, body: dict[str, Any]) -> None:
    if "destinationEmail" in body:
        source.email = body["destinationEmail"].lower()
    else:
        source.user_id = body["destinationUserId"]


def _merge_into(memory: Memory, source: User, destination: User, arrays: list[dict[str, str]]) -> None:
    """Merge two users. The destination wins, objects are not merged, arrays are joined on request."""
    joined = {
        item["field"]: _merge_arrays(destination.data.get(item["field"]), source.data.get(item["field"]), item)
        for item in arrays
    }
    destination.data = {**source.data, **destination.data, **{name: value for name, value in joined.items() if value}}
    destination.user_id = destination.user_id or source.user_id
    destination.email = destination.email or source.email
    for event in memory.events.values():
        if event.user is source:
            event.user = destination
    for one in memory.lists.values():
        if source in one.members and destination not in one.members:
            one.members.append(destination)
            destination.in_lists = True
    memory.remove(source)


def _merge_arrays(first: Any, second: Any, item: dict[str, str]) -> list[Any]:
    """Return both arrays, the first one's items first. If two are equal (in `dedupeBy`, if given), the first stays."""
    by = item.get("dedupeBy")
    kept: list[Any] = []
    seen: list[Any] = []
    for value in [*(first or []), *(second or [])]:
        mark = value.get(by) if by and isinstance(value, dict) else value
        if mark not in seen:
            seen.append(mark)
            kept.append(value)
    return kept
