"""Forgetting users, and undoing it: section 7.7."""

from __future__ import annotations

from tests.reference_iterable.endpoints.users import build_invalid_refusal, hash_identifiers
from tests.reference_iterable.project_memory import EMAIL, USER_ID, Memory
from tests.reference_iterable.replies import Reply, bad_params, reply_success
from tests.reference_iterable.request import Call
from tests.reference_iterable.rules.bodies import STRING
from tests.reference_iterable.rules.identity import is_email


def forget_user(call: Call) -> Reply:
    """Remove the user's data and events. New data of the user is refused."""
    key, name = _read_identifier(call)
    memory = call.memory
    if key == "email":
        memory.forgotten_emails.add(name)
        user = memory.find_by_email(name)
        gone = [user] if user is not None else []
    else:
        memory.forgotten_user_ids.add(name)
        gone = memory.find_all_by_user_id(name)
    for user in gone:
        memory.events = {id_: event for id_, event in memory.events.items() if event.user is not user}
        memory.remove(user)
    memory.applied.append((name, "forget"))
    return reply_success()


def unforget_user(call: Call) -> Reply:
    key, name = _read_identifier(call)
    (call.memory.forgotten_emails if key == "email" else call.memory.forgotten_user_ids).discard(name)
    call.memory.applied.append((name, "unforget"))
    return reply_success()


def _read_identifier(call: Call) -> tuple[str, str]:
    body = call.check_body({"email": STRING, "userId": STRING})
    kind = call.memory.settings.project_type
    allowed = {EMAIL: ("email",), USER_ID: ("userId",)}.get(kind, ("email", "userId"))
    given = [key for key in ("email", "userId") if key in body]
    if len(given) != 1 or given[0] not in allowed:
        raise bad_params(f"One of {' and '.join(allowed)} must be set")
    key = given[0]
    if key == "email" and not is_email(body["email"]):
        raise build_invalid_refusal("email", body["email"])
    name = body[key].lower() if key == "email" else body[key]
    if name in call.refused:
        raise bad_params(f"{name} cannot be forgotten")
    return key, name


def list_forgotten_emails(call: Call) -> Reply:
    _check_project_type(call.memory, USER_ID)
    return Reply(200, {"hashedEmails": hash_identifiers(call.memory.forgotten_emails)})


def list_forgotten_user_ids(call: Call) -> Reply:
    _check_project_type(call.memory, EMAIL)
    return Reply(200, {"hashedUserIds": hash_identifiers(call.memory.forgotten_user_ids)})


def _check_project_type(memory: Memory, but: str) -> None:
    if memory.settings.project_type == but:
        raise bad_params("Not in a project of this type")
