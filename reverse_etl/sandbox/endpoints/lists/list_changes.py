"""POST lists/subscribe and lists/unsubscribe: users who come on a list or go, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints.lists.list_admin import require_standard
from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Reply, refusal
from reverse_etl.sandbox.rules.bulk_replies import bulk_reply
from reverse_etl.sandbox.rules.users import Failure, own, resolve, write
from reverse_etl.sandbox.state.profile import Change

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.rules.users import Row
    from reverse_etl.sandbox.state.lists import UserList
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project

_SUBSCRIBE: Final[bodies.Shape] = {"listId": int, "subscribers": list, "updateExistingUsersOnly": bool}
_UNSUBSCRIBE: Final[bodies.Shape] = {
    "listId": int,
    "subscribers": list,
    "campaignId": int,
    "channelUnsubscribe": bool,
}


def subscribe(call: Call) -> Reply:
    """Makes users as the project type does, and writes the dataFields that come along."""
    body, project = call.body, call.project
    rows = _rows(call, _SUBSCRIBE, bodies.USER_ROW)
    joined = _changeable(project, body["listId"])
    fields = (row.get("dataFields") or {} for row in rows)
    admitted = project.fields.admit(fields, create=project.options.create_new_fields)
    # Email-based projects do not look at the flag.
    existing_only = body.get("updateExistingUsersOnly") is True and project.rules.user_id_unique
    outcomes = [
        _subscribe(project, joined, row, stored, existing_only=existing_only)
        for row, stored in zip(rows, admitted.rows, strict=True)
    ]
    return bulk_reply(project.options.behaviour, outcomes, admitted)


def unsubscribe(call: Call) -> Reply:
    """Somebody who is not on the list is a success, somebody unknown is not."""
    body, project = call.body, call.project
    rows = _rows(call, _UNSUBSCRIBE, bodies.IDENTIFIER)
    left = _changeable(project, body["listId"])
    asked = body.get("channelUnsubscribe")
    altogether = project.options.behaviour.channel_unsubscribe_default if asked is None else asked is True
    outcomes = [_unsubscribe(project, left, row, altogether=altogether) for row in rows]
    return bulk_reply(project.options.behaviour, outcomes)


def _rows(call: Call, shape: bodies.Shape, row_shape: bodies.Shape) -> list[Row]:
    bodies.require(call.body, shape, call.path, "listId", "subscribers")
    rows: list[dict[str, Any]] = call.body["subscribers"]
    bodies.require_at_most(call.project.options.behaviour.max_batch_items, rows)
    bodies.require_rows(rows, row_shape, "obj.subscribers", call.path)
    return rows


def _changeable(project: Project, number: int) -> UserList:
    behaviour = project.options.behaviour
    found = project.lists.get(number)
    if found is None or project.clock() < found.created + behaviour.new_list_delay:
        params = {"projectId": behaviour.project_id, "listId": number}
        raise refusal(400, "Success", f"error.lists.invalidListId({number})", params)
    require_standard(found)
    return found


def _subscribe(
    project: Project, joined: UserList, row: Row, fields: Fields | None, *, existing_only: bool
) -> Failure | None:
    outcome = write(project, row, fields, update_only=existing_only)
    if isinstance(outcome, Failure):
        return replace(outcome, reason="notFound") if outcome.reason == "noOp" else outcome
    before = project.lists.of(outcome)
    if project.lists.join(joined.id, outcome, project.clock()):
        _note(project, outcome, f"subscribed to {joined.name}", before)
    outcome.prefer()
    return None


def _unsubscribe(project: Project, left: UserList, row: Row, *, altogether: bool) -> Failure | None:
    target = resolve(project, row)
    if isinstance(target, Failure):
        return target
    if target.profile is None:
        return own(project, row, "notFound")
    before = project.lists.of(target.profile)
    if project.lists.part(left.id, target.profile):
        _note(project, target.profile, f"unsubscribed from {left.name}", before)
    target.profile.prefer()
    if altogether:
        _refuse_every_channel(project, target.profile)
    project.touch(target.profile)
    return None


def _refuse_every_channel(project: Project, profile: Profile) -> None:
    preferences = profile.prefer()
    before, after = preferences.unsubscribed_channels, [channel.id for channel in project.options.channels]
    if before != after:
        preferences.unsubscribed_channels = after
        changed = {"unsubscribedChannelIds": (before, after)}
        profile.remember(Change(project.clock(), "unsubscribed from every channel", changed))


def _note(project: Project, profile: Profile, what: str, before: list[int]) -> None:
    changed = {project.rules.list_field: (before, project.lists.of(profile))}
    profile.remember(Change(project.clock(), what, changed))
