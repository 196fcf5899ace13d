"""PUT, PATCH and DELETE subscriptions/{group}/{id}: users who come to a list, channel or message type, or leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reverse_etl.sandbox.endpoints.user_updates import single_refusal
from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.call import number
from reverse_etl.sandbox.http.replies import Reply, accepted, refusal, success
from reverse_etl.sandbox.rules.subscription_rules import (
    SUBSCRIBED_TYPES,
    UNSUBSCRIBED_CHANNELS,
    UNSUBSCRIBED_TYPES,
    choose,
)
from reverse_etl.sandbox.rules.users import Failure, resolve, write
from reverse_etl.sandbox.state.profile import Change

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.rules.subscription_rules import Choices
    from reverse_etl.sandbox.rules.users import Row
    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project

_USERS: Final[bodies.Shape] = {"users": [str], "usersByUserId": [str]}
_ACTIONS: Final = ("subscribe", "unsubscribe")


def many(call: Call) -> Reply:
    """The answer has no place for single users, so one who cannot be written refuses the request."""
    action = call.query.get("action", "subscribe")
    if action not in _ACTIONS:
        raise refusal(400, "BadParams", "action must be subscribe or unsubscribe")
    bodies.require(call.body, _USERS, call.path)
    rows = [{"email": email} for email in call.body.get("users") or []]
    rows += [{"userId": user_id} for user_id in call.body.get("usersByUserId") or []]
    return _change(call, rows, subscribe=action == "subscribe")


def subscribe_by_email(call: Call) -> Reply:
    return _change(call, [{"email": call.argument}], subscribe=True)


def subscribe_by_user_id(call: Call) -> Reply:
    return _change(call, [{"userId": call.argument}], subscribe=True)


def unsubscribe_by_email(call: Call) -> Reply:
    return _change(call, [{"email": call.argument}], subscribe=False)


def unsubscribe_by_user_id(call: Call) -> Reply:
    return _change(call, [{"userId": call.argument}], subscribe=False)


def _change(call: Call, rows: Iterable[Row], *, subscribe: bool) -> Reply:
    project, behaviour = call.project, call.project.options.behaviour
    if not behaviour.subscription_groups:
        raise refusal(404, "NotFound", "The subscriptions endpoints are not enabled for this project")
    group, one = call.arguments[0].lower(), number(call.arguments[1], 0)
    _require_known(project, group, one)
    for row in rows:
        if isinstance(failed := resolve(project, row), Failure):
            raise single_refusal(failed, behaviour)
    for row in rows:
        profile = write(project, row, {})
        if not isinstance(profile, Failure):
            changed = choose(project, profile, _after(project, profile, group, one, subscribe=subscribe))
            what = f"{'subscribed to' if subscribe else 'unsubscribed from'} {group} {one}"
            profile.remember(Change(profile.updated, what, changed))
    return success() if behaviour.subscriptions_status == 200 else accepted()


def _require_known(project: Project, group: str, one: int) -> None:
    options = project.options
    known = {
        "emaillist": {found.id for found in project.lists if found.type == "Standard"},
        "messagechannel": {channel.id for channel in options.channels},
        "messagetype": {message_type.id for message_type in options.message_types},
    }
    if group not in known:
        raise refusal(400, "BadParams", "The group must be emailList, messageType or messageChannel")
    if one not in known[group]:
        raise refusal(404, "NotFound", f"There is no {group} with this id")


def _after(project: Project, profile: Profile, group: str, one: int, *, subscribe: bool) -> Choices:
    """The user's choices after the change."""
    preferences, lists = profile.prefer(), project.rules.list_field
    if group == "emaillist":
        return {lists: _with(project.lists.of(profile), one, present=subscribe)}
    if group == "messagechannel":
        return {UNSUBSCRIBED_CHANNELS: _with(preferences.unsubscribed_channels, one, present=not subscribe)}
    refused = {UNSUBSCRIBED_TYPES: _with(preferences.unsubscribed_message_types, one, present=not subscribe)}
    if any(kind.id == one and kind.policy == "OptIn" for kind in project.options.message_types):
        return {**refused, SUBSCRIBED_TYPES: _with(preferences.subscribed_message_types, one, present=subscribe)}
    return refused


def _with(ids: Iterable[int], one: int, *, present: bool) -> list[int]:
    others = [other for other in ids if other != one]
    return [*others, one] if present else others
