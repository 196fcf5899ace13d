"""A user's choices of lists, channels and message types, and the rules for changing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from reverse_etl.sandbox.rules.journeys import Occurrence, StartKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from reverse_etl.sandbox.state.profile import FieldChanges, Profile
    from reverse_etl.sandbox.state.project import Project

LIST_FIELDS: Final = ("emailListIds", "userListIds")
SUBSCRIBED_TYPES: Final = "subscribedMessageTypeIds"
UNSUBSCRIBED_CHANNELS: Final = "unsubscribedChannelIds"
UNSUBSCRIBED_TYPES: Final = "unsubscribedMessageTypeIds"
SUBSCRIPTION_FIELDS: Final = (*LIST_FIELDS, SUBSCRIBED_TYPES, UNSUBSCRIBED_CHANNELS, UNSUBSCRIBED_TYPES)

_KINDS: Final[Mapping[tuple[str, str], StartKind]] = {
    ("channel", "subscribe"): "channel_subscribe",
    ("channel", "unsubscribe"): "channel_unsubscribe",
    ("message_type", "subscribe"): "message_type_subscribe",
    ("message_type", "unsubscribe"): "message_type_unsubscribe",
}
_ATTRIBUTES: Final = {
    SUBSCRIBED_TYPES: "subscribed_message_types",
    UNSUBSCRIBED_CHANNELS: "unsubscribed_channels",
    UNSUBSCRIBED_TYPES: "unsubscribed_message_types",
}

SubscriptionIds = dict[str, list[int]]
"""Profile field to the ids that a request sets. Fields that it does not set are missing."""


def read_row_ids(project: Project, row: Mapping[str, Any]) -> SubscriptionIds:
    """Return the id arrays of a row, under the names of profile fields. Each one replaces the stored array."""
    arrays = {name: row[name] for name in SUBSCRIPTION_FIELDS if row.get(name) is not None}
    return {_get_profile_field(project, name): list(dict.fromkeys(ids)) for name, ids in arrays.items()}


def read_data_field_ids(project: Project, fields: Mapping[str, Any]) -> SubscriptionIds:
    """Return the id arrays inside dataFields. A null there empties the array, and unknown ids are ignored."""
    arrays: SubscriptionIds = {}
    for name in SUBSCRIPTION_FIELDS:
        if name in fields:
            ids = fields[name] if type(fields[name]) is list else [fields[name]]
            valid = _list_valid_ids(project, name)
            arrays[_get_profile_field(project, name)] = list(dict.fromkeys(id_ for id_ in ids if id_ in valid))
    if project.options.behaviour.opt_in_message_types:
        return {name: ids for name, ids in arrays.items() if name not in {UNSUBSCRIBED_CHANNELS, UNSUBSCRIBED_TYPES}}
    return arrays


def find_problem(
    project: Project, profile: Profile | None, arrays: SubscriptionIds, *, check_alignment: bool
) -> str | None:
    """Return why these ids cannot be set. None if they can.

    `check_alignment`: a user cannot subscribe to a message type of a channel that the user refused.
    """
    for name, ids in arrays.items():
        valid = _list_valid_ids(project, name)
        if unknown := [id_ for id_ in ids if id_ not in valid]:
            return f"Invalid {name}: {unknown[0]}"
    if SUBSCRIBED_TYPES not in arrays:
        return None
    if not project.options.behaviour.opt_in_message_types:
        return f"{SUBSCRIBED_TYPES} can be set only if opt-in message types are enabled"
    return _find_misalignment(project, profile, arrays) if check_alignment else None


def set_subscriptions(project: Project, profile: Profile, arrays: SubscriptionIds) -> FieldChanges:
    """Set the ids and return the fields that changed."""
    changes: FieldChanges = {}
    preferences = profile.ensure_preferences()
    for name, ids in arrays.items():
        before = project.lists.list_ids_of(profile) if name in LIST_FIELDS else getattr(preferences, _ATTRIBUTES[name])
        if set(before) == set(ids):
            continue
        if name in LIST_FIELDS:
            _replace_lists(project, profile, ids)
        else:
            setattr(preferences, _ATTRIBUTES[name], ids)
        changes[name] = (before, ids)
        _start_journeys(project, profile, name, (set(before), set(ids)))
    return changes


def start_list_journeys(
    project: Project, profile: Profile, list_ids: Iterable[int], kind: Literal["list_subscribe", "list_unsubscribe"]
) -> None:
    """Start the journeys of users who join these lists, or leave them."""
    for number in list_ids:
        name = project.lists.get_name(number)
        cause = f"{'subscribed to' if kind == 'list_subscribe' else 'unsubscribed from'} list {name}"
        project.journeys.start(profile, Occurrence(kind, (str(number), name), cause), project.clock())


def _start_journeys(project: Project, profile: Profile, field: str, change: tuple[set[int], set[int]]) -> None:
    """Start the journeys of what a user joined and left. `change` are the ids of a profile field before and after."""
    before, after = change
    if field in LIST_FIELDS:
        start_list_journeys(project, profile, sorted(after - before), "list_subscribe")
        start_list_journeys(project, profile, sorted(before - after), "list_unsubscribe")
        return
    refusals = field in (UNSUBSCRIBED_CHANNELS, UNSUBSCRIBED_TYPES)
    joined, left = (before - after, after - before) if refusals else (after - before, before - after)
    noun: Literal["channel", "message_type"] = "channel" if field == UNSUBSCRIBED_CHANNELS else "message_type"
    options = project.options
    names = {one.id: one.name for one in (options.channels if noun == "channel" else options.message_types)}
    for ids, verb in ((joined, "subscribe"), (left, "unsubscribe")):
        for number in sorted(ids):
            name = names.get(number, "")
            words = f"{verb}d {'to' if verb == 'subscribe' else 'from'} {noun.replace('_', ' ')} {name}"
            occurrence = Occurrence(_KINDS[noun, verb], (str(number), name), words)
            project.journeys.start(profile, occurrence, project.clock())


def _get_profile_field(project: Project, name: str) -> str:
    """Return the profile field of an array. Both names of the lists mean the one of the project type."""
    return project.identity_rules.list_field if name in LIST_FIELDS else name


def _list_valid_ids(project: Project, name: str) -> Collection[int]:
    if name in LIST_FIELDS:
        return {one.id for one in project.lists if one.type == "Standard"}
    options = project.options
    return {one.id for one in (options.channels if name == UNSUBSCRIBED_CHANNELS else options.message_types)}


def _find_misalignment(project: Project, profile: Profile | None, arrays: SubscriptionIds) -> str | None:
    before = profile.preferences if profile else None
    refused = arrays.get(UNSUBSCRIBED_CHANNELS, before.unsubscribed_channels if before else [])
    for one in project.options.message_types:
        if one.id in arrays[SUBSCRIBED_TYPES] and one.channel_id in refused:
            return f"Message type {one.id} belongs to channel {one.channel_id}, which is unsubscribed"
    return None


def _replace_lists(project: Project, profile: Profile, ids: list[int]) -> None:
    for number in project.lists.list_ids_of(profile):
        if number not in ids:
            project.lists.remove_member(number, profile)
    for number in ids:
        project.lists.add_member(number, profile, project.clock())
