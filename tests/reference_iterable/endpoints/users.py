"""Users: sections 7.1 to 7.8 of the reference."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from tests.reference_iterable.project_memory import EMAIL, USER_ID, Memory, User
from tests.reference_iterable.replies import Refusal, Reply, bad_params, framework_error, refusal, reply_success
from tests.reference_iterable.request import Call
from tests.reference_iterable.rules.bodies import BOOLEAN, STRING, USER_ROW
from tests.reference_iterable.rules.fields import USER
from tests.reference_iterable.rules.identity import (
    Failure,
    get_leading_key,
    has_identifier,
    is_email,
    iterate_advice,
    upsert_user,
)

STEMS = ("invalid", "notFound", "invalidData", "conflict", "forgotten")
_SINGLE = {
    "invalidData": (400, "BadParams", "Invalid data"),
    "conflict": (409, "ExternalKeyConflict", "Email/userId conflict"),
    "forgotten": (409, "ForgottenUserError", "User was forgotten"),
}


def update_user(call: Call) -> Reply:
    body = call.check_body({**USER_ROW, "createNewFields": BOOLEAN})
    user = apply_single_row(call, body, body.get("createNewFields"))
    call.memory.applied.append((user.name, body.get("dataFields", {})))
    return reply_success()


def apply_single_row(call: Call, row: dict[str, Any], create_new_fields: bool | None) -> User:
    """Apply a request for a single user. Raises Refusal."""
    if not has_identifier(row):
        raise bad_params("Either email or userId must be set")
    if row.get("email") == "":
        raise build_invalid_refusal("email", "")
    call.note_user(row)
    dropped = admit_fields(call.memory, [row], create_new_fields)[1]
    found = find_test_failure(call, row) or upsert_user(call.memory, row, tuple(dropped))
    for text in iterate_advice(row, call.memory.settings.project_type):
        call.note(text)
    if isinstance(found, Failure):
        raise build_single_refusal(found)
    return found


def build_single_refusal(failure: Failure) -> Refusal:
    """Return the refusal of an endpoint for a single user."""
    if failure.stem == "invalid":
        return build_invalid_refusal(failure.key, failure.value)
    if failure.stem == "notFound":
        code = "UnknownEmailError" if failure.key == "email" else "UnknownUserIdError"
        return Refusal(refusal(400, code, f"No such user: {failure.value}"))
    status, code, msg = _SINGLE[failure.stem]
    return Refusal(refusal(status, code, msg))


def build_invalid_refusal(key: str, value: str) -> Refusal:
    code = "InvalidEmailAddressError" if key == "email" else "InvalidUserIdError"
    return Refusal(refusal(400, code, f"Invalid {'email' if key == 'email' else 'userId'}: {value}"))


def find_test_failure(call: Call, row: dict[str, Any], stem: str = "invalidData") -> Failure | None:
    """Return the failure that a test wants for an identifier of the row."""
    key = get_leading_key(call.memory, row)
    asked = {str(row.get("email", "")).lower(), row.get("userId", "")} & call.refused
    return Failure(stem, key, row[key]) if asked else None


def admit_fields(
    memory: Memory, rows: Sequence[dict[str, Any]], create_new_fields: bool | None
) -> tuple[list[str], list[str]]:
    """Return the new fields of these rows, and the fields to drop. Raises Refusal if types clash."""
    creates = memory.settings.create_new_fields if create_new_fields is None else create_new_fields
    return memory.user_fields.admit_rows([(USER, row.get("dataFields", {}), creates) for row in rows])


def bulk_update_users(call: Call) -> Reply:
    body = call.check_body({"users!": [USER_ROW], "createNewFields": BOOLEAN})
    rows: list[dict[str, Any]] = body["users"]
    if not rows:
        raise Refusal(refusal(400, "InvalidEmailAddressError", "Emails invalid: "))
    return Reply(200, apply_rows(call, rows, body.get("createNewFields")))


def apply_rows(
    call: Call, rows: Sequence[dict[str, Any]], create_new_fields: bool | None, *, creates: bool = True
) -> dict[str, Any]:
    """Apply rows of user data as bulkUpdate and lists/subscribe do. Return the body of the reply (7.2)."""
    call.check_batch(rows)
    if not all(map(has_identifier, rows)):
        raise bad_params("Either email or userId must be set")
    made, dropped = admit_fields(call.memory, rows, create_new_fields)
    failures = []
    for row in rows:
        for text in iterate_advice(row, call.memory.settings.project_type):
            call.note(text)
        ended = find_test_failure(call, row) or upsert_user(call.memory, row, tuple(dropped), create=creates)
        if isinstance(ended, Failure):
            failures.append(ended)
        else:
            call.memory.applied.append((ended.name, row.get("dataFields", {})))
    return {**build_bulk_result(len(rows), failures), "createdFields": made, "filteredOutFields": dropped}


def build_bulk_result(rows: int, failures: Sequence[Failure], stems: Sequence[str] = STEMS) -> dict[str, Any]:
    """Return counts and arrays. The deprecated array also has unknown user ids (16, question 7)."""
    arrays: dict[str, list[str]] = {f"{stem}{kind}": [] for stem in stems for kind in ("Emails", "UserIds")}
    for failure in failures:
        arrays[failure.array].append(failure.value)
    return {
        "successCount": rows - len(failures),
        "failCount": len(failures),
        "createdFields": [],
        "filteredOutFields": [],
        "invalidEmails": arrays["invalidEmails"],
        "invalidUserIds": arrays["invalidUserIds"] + arrays["notFoundUserIds"],
        "failedUpdates": arrays,
    }


def get_by_email(call: Call) -> Reply:
    email = call.get_value("email")
    if not is_email(email):
        raise build_invalid_refusal("email", email)
    user = call.memory.find_by_email(email)
    return Reply(200, {} if user is None else {"user": format_user(call.memory, user)})


def get_by_user_id(call: Call) -> Reply:
    user = call.memory.find_by_user_id(call.get_value("userId"))
    if user is None:
        return framework_error(400, "BadRequest", "error.users.noUserWithIdExists", call.get_value("userId"))
    return Reply(200, {"user": format_user(call.memory, user)})


def format_user(memory: Memory, user: User) -> dict[str, Any]:
    """Return a profile as a GET shows it (7.3)."""
    known = {name: value for name, value in (("email", user.email), ("userId", user.user_id)) if value}
    arrays: dict[str, list[int]] = {}
    if user.in_lists or user.subscriptions:
        lists = "emailListIds" if memory.settings.project_type == EMAIL else "userListIds"
        arrays = {lists: memory.list_ids(user), **user.subscriptions}
    managed = {"signupSource": "API", "itblInternal": {"emailDomain": (user.email or "@").split("@")[1]}}
    return {**known, "dataFields": {**user.data, **known, **managed, **arrays}}


def update_email(call: Call) -> Reply:
    body = call.check_body({"currentEmail": STRING, "currentUserId": STRING, "newEmail!": STRING, "merge": BOOLEAN})
    old = body.get("currentEmail", body.get("currentUserId"))
    if call.memory.settings.project_type != EMAIL or old is None:
        raise bad_params("Either currentEmail or currentUserId must be set, in a project of users by e-mail")
    for name in ("currentEmail", "newEmail"):
        if name in body and not is_email(body[name]):
            raise Refusal(refusal(400, "InvalidEmailAddressError", f"Invalid {name} {body[name]}"))
    user = call.memory.find_by_email(old) if "currentEmail" in body else call.memory.find_by_user_id(old)
    _change_email(call, user, old, body["newEmail"])
    call.memory.applied.append((old, {"newEmail": body["newEmail"]}))
    return reply_success()


def _change_email(call: Call, user: User | None, old: str, new: str) -> None:
    memory = call.memory
    if user is None or call.refused & {old.lower(), new.lower()}:
        raise bad_params(f"Cannot change user Some({old}) to {new}. User does not exist")
    if new.lower() in memory.forgotten_emails:
        raise Refusal(refusal(400, "EmailAlreadyExists", "The new email is on the forgotten list"))
    if memory.find_by_email(new) is not None:
        raise Refusal(refusal(400, "EmailAlreadyExists", f"User {new} exists"))
    user.email = new.lower()


def delete_by_email(call: Call) -> Reply:
    email = call.get_value("email").lower()
    if call.memory.settings.project_type == USER_ID:
        raise bad_params("Users of this project are deleted by userId")
    if email in call.refused:
        raise bad_params(f"{email} cannot be deleted")
    user = call.memory.find_by_email(email)
    if user is not None:
        call.memory.remove(user)
    call.memory.deleted.append(email)
    return reply_success()


def delete_by_user_id(call: Call) -> Reply:
    user_id = call.get_value("userId")
    found = call.memory.find_all_by_user_id(user_id)
    if not found or user_id in call.refused:
        raise bad_params(f"User does not exist. Email:  UserId: {user_id}")
    for user in found:
        call.memory.remove(user)
    call.memory.deleted.append(user_id)
    return reply_success(f"All users associated with {user_id} were successfully deleted")


def get_fields(call: Call) -> Reply:
    return Reply(200, {"fields": dict(call.memory.user_fields.get_types(USER))})


def hash_identifiers(identifiers: set[str]) -> list[str]:
    return sorted(hashlib.sha256(one.strip().lower().encode()).hexdigest() for one in identifiers)
