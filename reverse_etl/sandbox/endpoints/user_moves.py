"""POST users/updateEmail and users/merge: users that change their identifier or become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Reply, refusal, success
from reverse_etl.sandbox.rules.identity import valid_email, valid_user_id
from reverse_etl.sandbox.state.profile import Change, Profile

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.state.project import Project


def update_email(call: Call) -> Reply:
    body, project = call.body, call.project
    bodies.require(body, bodies.UPDATE_EMAIL, call.path, "newEmail")
    if project.rules.user_id_unique:
        raise refusal(400, "BadParams", "updateEmail is for email-based projects; use users/update")
    current_email, current_id, new = body.get("currentEmail"), body.get("currentUserId"), body["newEmail"]
    for email in (current_email, new):
        _require_email(email)
    profile = _find(project, current_email, current_id)
    if profile is None:
        current = current_email or current_id
        raise refusal(400, "BadParams", f"Cannot change user Some({current}) to {new}. User does not exist")
    _require_free(project, profile, new.lower())
    delay = project.options.behaviour.email_change_delay
    project.later(delay, lambda: _change_address(project, profile, new.lower()))
    return success()


def _change_address(project: Project, profile: Profile, email: str) -> None:
    """Give a user who is still there another address, unless somebody else has got it meanwhile."""
    if project.emails.first(profile.email) is profile and project.emails.first(email) in {None, profile}:
        _rename(project, profile, email, profile.user_id)


def merge(call: Call) -> Reply:
    body, project = call.body, call.project
    bodies.require(body, bodies.MERGE, call.path)
    arrays = body.get("arrayMerge") or []
    bodies.require_rows(arrays, bodies.ARRAY_MERGE, "obj.arrayMerge", call.path)
    source = _side(project, body, "source")
    destination = _side(project, body, "destination")
    if source is None:
        raise refusal(400, "BadParams", "Source user does not exist")
    if destination is None:
        # Only the identifier that nobody was found by is known to be free.
        email = _lower(body.get("destinationEmail"))
        user_id = source.user_id if email else body["destinationUserId"]
        _rename(project, source, email or source.email, user_id)
    elif destination is not source:
        _join(project, source, destination, arrays)
    return success()


def _side(project: Project, body: dict[str, Any], side: str) -> Profile | None:
    email, user_id = body.get(f"{side}Email"), body.get(f"{side}UserId")
    if email is None and user_id is None:
        raise refusal(400, "BadParams", f"Either {side}Email or {side}UserId must be set")
    _require_email(email)
    if user_id is not None and not valid_user_id(user_id):
        raise refusal(400, "InvalidUserIdError", f"Invalid userId: {user_id}")
    if any(project.is_forgotten(email, user_id)):
        raise refusal(409, "ForgottenUserError", f"The {side} user has been forgotten")
    return _find(project, email, user_id)


def _find(project: Project, email: str | None, user_id: str | None) -> Profile | None:
    """The e-mail wins where both are given."""
    return project.emails.first(email.lower()) if email is not None else project.user_ids.first(user_id)


def _require_email(email: str | None) -> None:
    if email is not None and not valid_email(email):
        raise refusal(400, "InvalidEmailAddressError", f"Invalid email: {email}")


def _require_free(project: Project, profile: Profile, email: str) -> None:
    if project.emails.first(email) not in {None, profile}:
        raise refusal(400, "EmailAlreadyExists", f"Email {email} already exists")
    if any(project.is_forgotten(email, None)):
        status = project.options.behaviour.forgotten_status
        raise refusal(status, "ForgottenUserError", f"Email {email} has been forgotten")


def _rename(project: Project, profile: Profile, email: str | None, user_id: str | None) -> None:
    pairs = {"email": (profile.email, email), "userId": (profile.user_id, user_id)}
    project.identify(profile, email, user_id)
    project.touch(profile)
    # Iterable moves the document, so that the profile looks new.
    profile.created = profile.updated
    changed = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    profile.remember(Change(profile.updated, "moved", changed))


def _join(project: Project, source: Profile, destination: Profile, arrays: list[dict[str, Any]]) -> None:
    before = destination.data
    joined = {
        name: _joined(source.data.get(name), before.get(name), rule.get("dedupeBy"))
        for rule in arrays
        if (name := rule.get("field"))
    }
    # On a clash the destination wins; objects are not combined.
    after = {**source.data, **before, **{name: value for name, value in joined.items() if value}}
    changed = {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}
    user_id = destination.user_id or source.user_id
    email = destination.email or source.email
    project.follow(source, destination)
    project.remove([source])
    destination.data = after
    destination.preferences = destination.preferences or source.preferences
    project.identify(destination, email, user_id)
    project.touch(destination)
    destination.remember(Change(destination.updated, "merged", changed))


def _joined(source: Any, destination: Any, dedupe_by: str | None) -> list[Any]:
    """Both arrays, the destination's elements first; of those that agree in `dedupe_by` the first stays."""
    arrays = [value for value in (destination, source) if isinstance(value, list)]
    together = [element for array in arrays for element in array]
    if dedupe_by is None:
        return together
    kept: list[Any] = []
    for element in together:
        mark = element.get(dedupe_by) if isinstance(element, dict) else element
        if not any(mark == (other.get(dedupe_by) if isinstance(other, dict) else other) for other in kept):
            kept.append(element)
    return kept


def _lower(email: str | None) -> str | None:
    return email.lower() if email is not None else None
