"""POST users/updateEmail and users/merge: a user gets a new identifier, or two users become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_success
from reverse_etl.sandbox.rules.identity import is_valid_email, is_valid_user_id
from reverse_etl.sandbox.state.profile import Change, Profile

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.state.project import Project


def update_email(call: Call) -> Reply:
    body, project = call.body, call.project
    request_bodies.check_body(body, request_bodies.UPDATE_EMAIL, call.path, "newEmail")
    if project.identity_rules.user_id_unique:
        raise ApiRefusal(400, "BadParams", "updateEmail is for email-based projects; use users/update")
    current_email, current_id, new = body.get("currentEmail"), body.get("currentUserId"), body["newEmail"]
    for email in (current_email, new):
        _check_email(email)
    profile = _find_user(project, current_email, current_id)
    if profile is None:
        current = current_email or current_id
        raise ApiRefusal(400, "BadParams", f"Cannot change user Some({current}) to {new}. User does not exist")
    _check_email_free(project, profile, new.lower())
    delay = project.options.behaviour.email_change_delay
    project.schedule(delay, lambda: _change_email(project, profile, new.lower()))
    return reply_success()


def merge_users(call: Call) -> Reply:
    body, project = call.body, call.project
    request_bodies.check_body(body, request_bodies.MERGE, call.path)
    arrays = body.get("arrayMerge") or []
    request_bodies.check_rows(arrays, request_bodies.ARRAY_MERGE, "obj.arrayMerge", call.path)
    source = _find_side(project, body, "source")
    destination = _find_side(project, body, "destination")
    if source is None:
        raise ApiRefusal(400, "BadParams", "Source user does not exist")
    if destination is None:
        # Only the identifier that found no user is known to be free.
        email = _lower(body.get("destinationEmail"))
        user_id = source.user_id if email else body["destinationUserId"]
        _rename_user(project, source, email or source.email, user_id)
    elif destination is not source:
        _merge_into(project, source, destination, arrays)
    return reply_success()


def _change_email(project: Project, profile: Profile, email: str) -> None:
    """Give a user a new address, if the user still exists and no other user has the address by now."""
    index = project.email_index
    if index.find_first(profile.email) is profile and index.find_first(email) in {None, profile}:
        _rename_user(project, profile, email, profile.user_id)


def _find_side(project: Project, body: dict[str, Any], side: str) -> Profile | None:
    """Return the user of one side, `source` or `destination`. None if the user does not exist."""
    email, user_id = body.get(f"{side}Email"), body.get(f"{side}UserId")
    if email is None and user_id is None:
        raise ApiRefusal(400, "BadParams", f"Either {side}Email or {side}UserId must be set")
    _check_email(email)
    if user_id is not None and not is_valid_user_id(user_id):
        raise ApiRefusal(400, "InvalidUserIdError", f"Invalid userId: {user_id}")
    if any(project.is_forgotten(email, user_id)):
        raise ApiRefusal(409, "ForgottenUserError", f"The {side} user has been forgotten")
    return _find_user(project, email, user_id)


def _find_user(project: Project, email: str | None, user_id: str | None) -> Profile | None:
    """Return the user. If both identifiers are given, the e-mail counts."""
    if email is not None:
        return project.email_index.find_first(email.lower())
    return project.user_id_index.find_first(user_id)


def _check_email(email: str | None) -> None:
    if email is not None and not is_valid_email(email):
        raise ApiRefusal(400, "InvalidEmailAddressError", f"Invalid email: {email}")


def _check_email_free(project: Project, profile: Profile, email: str) -> None:
    if project.email_index.find_first(email) not in {None, profile}:
        raise ApiRefusal(400, "EmailAlreadyExists", f"Email {email} already exists")
    if any(project.is_forgotten(email, None)):
        status = project.options.behaviour.forgotten_status
        raise ApiRefusal(status, "ForgottenUserError", f"Email {email} has been forgotten")


def _rename_user(project: Project, profile: Profile, email: str | None, user_id: str | None) -> None:
    pairs = {"email": (profile.email, email), "userId": (profile.user_id, user_id)}
    project.set_identifiers(profile, email, user_id)
    project.mark_updated(profile)
    # Iterable moves the document, so the profile looks new.
    profile.created = profile.updated
    changes = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    profile.add_change(Change(profile.updated, "moved", changes))


def _merge_into(project: Project, source: Profile, destination: Profile, arrays: list[dict[str, Any]]) -> None:
    before = destination.data
    merged_arrays = {
        name: _merge_arrays(source.data.get(name), before.get(name), rule.get("dedupeBy"))
        for rule in arrays
        if (name := rule.get("field"))
    }
    # If both have a field, the destination's value stays. Objects are not merged.
    after = {**source.data, **before, **{name: value for name, value in merged_arrays.items() if value}}
    changes = {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}
    user_id = destination.user_id or source.user_id
    email = destination.email or source.email
    project.transfer_user(source, destination)
    project.remove_users([source])
    destination.data = after
    destination.preferences = destination.preferences or source.preferences
    project.set_identifiers(destination, email, user_id)
    project.mark_updated(destination)
    destination.add_change(Change(destination.updated, "merged", changes))


def _merge_arrays(source: Any, destination: Any, dedupe_by: str | None) -> list[Any]:
    """Return both arrays, the destination's elements first. If elements are equal in `dedupe_by`, the first stays."""
    arrays = [value for value in (destination, source) if isinstance(value, list)]
    elements = [element for array in arrays for element in array]
    if dedupe_by is None:
        return elements
    merged: list[Any] = []
    for element in elements:
        if not any(_get_mark(element, dedupe_by) == _get_mark(other, dedupe_by) for other in merged):
            merged.append(element)
    return merged


def _get_mark(element: Any, dedupe_by: str) -> Any:
    return element.get(dedupe_by) if isinstance(element, dict) else element


def _lower(email: str | None) -> str | None:
    return email.lower() if email is not None else None
