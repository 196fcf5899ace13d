"""PUT, PATCH and DELETE subscriptions/{group}/{id}: users join or leave one list, channel or message type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.endpoints.call import parse_number
from reverse_etl.sandbox.endpoints.failure_replies import build_single_refusal
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_accepted, reply_success
from reverse_etl.sandbox.state.profile import Change
from reverse_etl.sandbox.state.subscriptions import (
    SUBSCRIBED_TYPES,
    UNSUBSCRIBED_CHANNELS,
    UNSUBSCRIBED_TYPES,
    set_subscriptions,
)
from reverse_etl.sandbox.state.user_writes import Failure, find_target, write_user

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project
    from reverse_etl.sandbox.state.subscriptions import SubscriptionIds
    from reverse_etl.sandbox.state.user_writes import Row

_USERS: Final[request_bodies.Shape] = {"users": [str], "usersByUserId": [str]}
_ACTIONS: Final = ("subscribe", "unsubscribe")


def change_many_users(call: Call) -> Reply:
    """Subscribe or unsubscribe many users. The response cannot list users, so one failure refuses the request."""
    action = call.query.get("action", "subscribe")
    if action not in _ACTIONS:
        raise ApiRefusal(400, "BadParams", "action must be subscribe or unsubscribe")
    request_bodies.check_body(call.body, _USERS, call.path)
    rows = [{"email": email} for email in call.body.get("users") or []]
    rows += [{"userId": user_id} for user_id in call.body.get("usersByUserId") or []]
    return _change_subscriptions(call, rows, subscribe=action == "subscribe")


def subscribe_by_email(call: Call) -> Reply:
    return _change_subscriptions(call, [{"email": call.argument}], subscribe=True)


def subscribe_by_user_id(call: Call) -> Reply:
    return _change_subscriptions(call, [{"userId": call.argument}], subscribe=True)


def unsubscribe_by_email(call: Call) -> Reply:
    return _change_subscriptions(call, [{"email": call.argument}], subscribe=False)


def unsubscribe_by_user_id(call: Call) -> Reply:
    return _change_subscriptions(call, [{"userId": call.argument}], subscribe=False)


def _change_subscriptions(call: Call, rows: Iterable[Row], *, subscribe: bool) -> Reply:
    project, behaviour = call.project, call.project.options.behaviour
    if not behaviour.subscription_groups:
        raise ApiRefusal(404, "NotFound", "The subscriptions endpoints are not enabled for this project")
    group, group_id = call.arguments[0].lower(), parse_number(call.arguments[1], 0)
    _check_group(project, group, group_id)
    for row in rows:
        if isinstance(failure := find_target(project, row), Failure):
            raise build_single_refusal(failure, behaviour)
    for row in rows:
        profile = write_user(project, row, {})
        if not isinstance(profile, Failure):
            arrays = _change_ids(project, profile, group, group_id, subscribe=subscribe)
            changes = set_subscriptions(project, profile, arrays)
            what = f"{'subscribed to' if subscribe else 'unsubscribed from'} {group} {group_id}"
            profile.add_change(Change(profile.updated, what, changes))
    return reply_success() if behaviour.subscriptions_status == 200 else reply_accepted()


def _check_group(project: Project, group: str, group_id: int) -> None:
    options = project.options
    ids = {
        "emaillist": {one.id for one in project.lists if one.type == "Standard"},
        "messagechannel": {channel.id for channel in options.channels},
        "messagetype": {message_type.id for message_type in options.message_types},
    }
    if group not in ids:
        raise ApiRefusal(400, "BadParams", "The group must be emailList, messageType or messageChannel")
    if group_id not in ids[group]:
        raise ApiRefusal(404, "NotFound", f"There is no {group} with this id")


def _change_ids(project: Project, profile: Profile, group: str, group_id: int, *, subscribe: bool) -> SubscriptionIds:
    """Return the user's ids after the change."""
    preferences, list_field = profile.ensure_preferences(), project.identity_rules.list_field
    if group == "emaillist":
        return {list_field: _set_membership(project.lists.list_ids_of(profile), group_id, member=subscribe)}
    if group == "messagechannel":
        channels = preferences.unsubscribed_channels
        return {UNSUBSCRIBED_CHANNELS: _set_membership(channels, group_id, member=not subscribe)}
    types = preferences.unsubscribed_message_types
    refused = {UNSUBSCRIBED_TYPES: _set_membership(types, group_id, member=not subscribe)}
    if any(one.id == group_id and one.policy == "OptIn" for one in project.options.message_types):
        types = preferences.subscribed_message_types
        return {**refused, SUBSCRIBED_TYPES: _set_membership(types, group_id, member=subscribe)}
    return refused


def _set_membership(ids: Iterable[int], id_: int, *, member: bool) -> list[int]:
    others = [other for other in ids if other != id_]
    return [*others, id_] if member else others
