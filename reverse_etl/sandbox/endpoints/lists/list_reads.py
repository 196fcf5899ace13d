"""Who is on a list, and how many: plain text, as Iterable gives it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from reverse_etl.sandbox.counting import plural
from reverse_etl.sandbox.endpoints.lists.list_admin import find
from reverse_etl.sandbox.http.replies import Reply, refusal

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.state.lists import UserList
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project

_PREVIEW_DEFAULT: Final = 1000
_PREVIEW_MOST: Final = 5000


def all_users(call: Call) -> Reply:
    return _text(_identifiers(call))


def some_users(call: Call) -> Reply:
    """A random sample; the same one for the same list."""
    size = call.query.get("size", str(_PREVIEW_DEFAULT))
    if not size.isdecimal() or not 1 <= int(size) <= _PREVIEW_MOST:
        raise refusal(400, "BadParams", f"Invalid size: must be 1 to {_PREVIEW_MOST}")
    everyone = _identifiers(call)
    sample = Random(0).sample(everyone, min(int(size), len(everyone)))  # noqa: S311  nothing here is secret
    return _text(sample)


def size(call: Call) -> Reply:
    return _text([str(len(members(call.project, _read(call, call.arguments[0]))))])


def members(project: Project, one: UserList) -> list[Profile]:
    """Those on a list, first joined first; on a dynamic one is everybody."""
    if one.type == "Dynamic":
        return list(project.users.values())
    return [project.users[number] for number in project.lists.members(one.id)]


def _identifiers(call: Call) -> list[str]:
    prefer_user_id = call.query.get("preferUserId", "").lower() == "true"
    found = members(call.project, _read(call, call.query.get("listId", "")))
    return [_identifier(call.project, profile, prefer_user_id=prefer_user_id) for profile in found]


def _identifier(project: Project, profile: Profile, *, prefer_user_id: bool) -> str:
    """The unique identifier; hybrid projects have two, of which the e-mail is shown unless asked otherwise."""
    rules = project.rules
    email = profile.email if rules.email_unique else None
    user_id = profile.user_id if rules.user_id_unique else None
    return (user_id or email or "") if prefer_user_id else (email or user_id or "")


def _read(call: Call, number: str) -> UserList:
    found = find(call, number)
    if found is None:
        project_id = call.project.options.behaviour.project_id
        # Both numbers are texts here: recorded by mtchavez/iterable-api-client, spec/cassettes/Iterable_Lists.
        raise refusal(400, "BadParams", "Invalid email list id", {"projectId": str(project_id), "listId": number})
    return found


def _text(lines: list[str]) -> Reply:
    return Reply(200, "\n".join(lines).encode(), "text/plain", summary=plural(len(lines), "line"))
