"""GET lists/getUsers, lists/previewUsers and lists/{id}/size. They return plain text, as Iterable does."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from reverse_etl.sandbox.endpoints.lists.list_admin import find_list
from reverse_etl.sandbox.plurals import pluralize
from reverse_etl.sandbox.replies import ApiRefusal, Reply

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.state.lists import UserList
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project

_DEFAULT_PREVIEW_SIZE: Final = 1000
_MAX_PREVIEW_SIZE: Final = 5000


def get_users(call: Call) -> Reply:
    return _reply_text(_list_identifiers(call))


def preview_users(call: Call) -> Reply:
    """Return a random sample. The same list always gives the same sample."""
    size = call.query.get("size", str(_DEFAULT_PREVIEW_SIZE))
    if not size.isdecimal() or not 1 <= int(size) <= _MAX_PREVIEW_SIZE:
        raise ApiRefusal(400, "BadParams", f"Invalid size: must be 1 to {_MAX_PREVIEW_SIZE}")
    identifiers = _list_identifiers(call)
    sample = Random(0).sample(identifiers, min(int(size), len(identifiers)))  # noqa: S311  no secret depends on it
    return _reply_text(sample)


def get_size(call: Call) -> Reply:
    return _reply_text([str(len(call.project.list_members(_require_list(call, call.arguments[0]))))])


def _list_identifiers(call: Call) -> list[str]:
    prefer_user_id = call.query.get("preferUserId", "").lower() == "true"
    members = call.project.list_members(_require_list(call, call.query.get("listId", "")))
    return [_get_identifier(call.project, profile, prefer_user_id=prefer_user_id) for profile in members]


def _get_identifier(project: Project, profile: Profile, *, prefer_user_id: bool) -> str:
    """Return the unique identifier. Hybrid projects have two: the e-mail comes first unless userId is preferred."""
    rules = project.identity_rules
    email = profile.email if rules.email_unique else None
    user_id = profile.user_id if rules.user_id_unique else None
    return (user_id or email or "") if prefer_user_id else (email or user_id or "")


def _require_list(call: Call, number: str) -> UserList:
    user_list = find_list(call, number)
    if user_list is None:
        project_id = call.project.options.behaviour.project_id
        # Both numbers are texts here: recorded by mtchavez/iterable-api-client, spec/cassettes/Iterable_Lists.
        params = {"projectId": str(project_id), "listId": number}
        raise ApiRefusal(400, "BadParams", "Invalid email list id", params)
    return user_list


def _reply_text(lines: list[str]) -> Reply:
    return Reply(200, "\n".join(lines).encode(), "text/plain", summary=pluralize(len(lines), "line"))
