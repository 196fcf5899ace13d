"""POST lists/subscribe and lists/unsubscribe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.endpoints.failure_replies import build_bulk_reply
from reverse_etl.sandbox.endpoints.lists.list_admin import require_standard
from reverse_etl.sandbox.replies import ApiRefusal, Reply
from reverse_etl.sandbox.state.profile import Change
from reverse_etl.sandbox.state.subscriptions import start_list_journeys
from reverse_etl.sandbox.state.user_writes import Failure, fail_row, find_target, write_user

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.lists import UserList
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project
    from reverse_etl.sandbox.state.user_writes import Row

_SUBSCRIBE: Final[request_bodies.Shape] = {"listId": int, "subscribers": list, "updateExistingUsersOnly": bool}
_UNSUBSCRIBE: Final[request_bodies.Shape] = {
    "listId": int,
    "subscribers": list,
    "campaignId": int,
    "channelUnsubscribe": bool,
}


def subscribe_users(call: Call) -> Reply:
    """Put users on a list and write their dataFields. Users that do not exist are created."""
    body, project = call.body, call.project
    rows = _read_rows(call, _SUBSCRIBE, request_bodies.USER_ROW)
    user_list = _find_changeable_list(project, body["listId"])
    fields = (row.get("dataFields") or {} for row in rows)
    admitted = project.field_types.admit_rows(fields, create=project.options.create_new_fields)
    # Email-based projects ignore the flag.
    existing_only = body.get("updateExistingUsersOnly") is True and project.identity_rules.user_id_unique
    outcomes = [
        _subscribe_user(project, user_list, row, stored, existing_only=existing_only)
        for row, stored in zip(rows, admitted.rows, strict=True)
    ]
    return build_bulk_reply(project.options.behaviour, outcomes, admitted)


def unsubscribe_users(call: Call) -> Reply:
    """Take users off a list. A user who is not on it is a success, an unknown user is a failure."""
    body, project = call.body, call.project
    rows = _read_rows(call, _UNSUBSCRIBE, request_bodies.IDENTIFIER)
    user_list = _find_changeable_list(project, body["listId"])
    flag = body.get("channelUnsubscribe")
    all_channels = project.options.behaviour.channel_unsubscribe_default if flag is None else flag is True
    outcomes = [_unsubscribe_user(project, user_list, row, all_channels=all_channels) for row in rows]
    return build_bulk_reply(project.options.behaviour, outcomes)


def _read_rows(call: Call, shape: request_bodies.Shape, row_shape: request_bodies.Shape) -> list[Row]:
    request_bodies.check_body(call.body, shape, call.path, "listId", "subscribers")
    rows: list[dict[str, Any]] = call.body["subscribers"]
    request_bodies.check_count(call.project.options.behaviour.max_batch_items, rows)
    request_bodies.check_rows(rows, row_shape, "obj.subscribers", call.path)
    return rows


def _find_changeable_list(project: Project, number: int) -> UserList:
    behaviour = project.options.behaviour
    user_list = project.lists.find(number)
    if user_list is None or project.clock() < user_list.created + behaviour.new_list_delay:
        params = {"projectId": behaviour.project_id, "listId": number}
        raise ApiRefusal(400, "Success", f"error.lists.invalidListId({number})", params)
    require_standard(user_list)
    return user_list


def _subscribe_user(
    project: Project, user_list: UserList, row: Row, fields: Fields | None, *, existing_only: bool
) -> Failure | None:
    outcome = write_user(project, row, fields, update_only=existing_only)
    if isinstance(outcome, Failure):
        return replace(outcome, reason="notFound") if outcome.reason == "noOp" else outcome
    before = project.lists.list_ids_of(outcome)
    joined = project.lists.add_member(user_list.id, outcome, project.clock())
    if joined:
        _add_list_change(project, outcome, f"subscribed to {user_list.name}", before)
    if joined or project.options.behaviour.journeys_start_again:
        start_list_journeys(project, outcome, [user_list.id], "list_subscribe")
    outcome.ensure_preferences()
    return None


def _unsubscribe_user(project: Project, user_list: UserList, row: Row, *, all_channels: bool) -> Failure | None:
    target = find_target(project, row)
    if isinstance(target, Failure):
        return target
    if target.profile is None:
        return fail_row(project, row, "notFound")
    before = project.lists.list_ids_of(target.profile)
    if project.lists.remove_member(user_list.id, target.profile):
        _add_list_change(project, target.profile, f"unsubscribed from {user_list.name}", before)
        start_list_journeys(project, target.profile, [user_list.id], "list_unsubscribe")
    target.profile.ensure_preferences()
    if all_channels:
        _unsubscribe_all_channels(project, target.profile)
    project.mark_updated(target.profile)
    return None


def _unsubscribe_all_channels(project: Project, profile: Profile) -> None:
    preferences = profile.ensure_preferences()
    before, after = preferences.unsubscribed_channels, [channel.id for channel in project.options.channels]
    if before != after:
        preferences.unsubscribed_channels = after
        changes = {"unsubscribedChannelIds": (before, after)}
        profile.add_change(Change(project.clock(), "unsubscribed from every channel", changes))


def _add_list_change(project: Project, profile: Profile, what: str, before: list[int]) -> None:
    changes = {project.identity_rules.list_field: (before, project.lists.list_ids_of(profile))}
    profile.add_change(Change(project.clock(), what, changes))
