"""What users chose to get: lists, channels and message types. Knows the rules for choosing, and no endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from reverse_etl.sandbox.state.profile import Profile
    from reverse_etl.sandbox.state.project import Project

LIST_FIELDS: Final = ("emailListIds", "userListIds")
SUBSCRIBED_TYPES: Final = "subscribedMessageTypeIds"
UNSUBSCRIBED_CHANNELS: Final = "unsubscribedChannelIds"
UNSUBSCRIBED_TYPES: Final = "unsubscribedMessageTypeIds"
FIELDS: Final = (*LIST_FIELDS, SUBSCRIBED_TYPES, UNSUBSCRIBED_CHANNELS, UNSUBSCRIBED_TYPES)

_ATTRIBUTES: Final = {
    SUBSCRIBED_TYPES: "subscribed_message_types",
    UNSUBSCRIBED_CHANNELS: "unsubscribed_channels",
    UNSUBSCRIBED_TYPES: "unsubscribed_message_types",
}

Choices = dict[str, list[int]]
Changed = dict[str, tuple[Any, Any]]


def choices(project: Project, row: Mapping[str, Any]) -> Choices:
    """The arrays of a row, under the names that profiles have; each replaces what was chosen before."""
    given = {name: row[name] for name in FIELDS if row.get(name) is not None}
    return {_shown_as(project, name): list(dict.fromkeys(ids)) for name, ids in given.items()}


def choices_among_fields(project: Project, fields: Mapping[str, Any]) -> Choices:
    """Those among dataFields: there null empties, and ids of nothing are passed over."""
    chosen: Choices = {}
    for name in FIELDS:
        if name in fields:
            ids = fields[name] if type(fields[name]) is list else [fields[name]]
            known = _known(project, name)
            chosen[_shown_as(project, name)] = list(dict.fromkeys(one for one in ids if one in known))
    if project.options.behaviour.opt_in_message_types:
        chosen = {name: ids for name, ids in chosen.items() if name not in {UNSUBSCRIBED_CHANNELS, UNSUBSCRIBED_TYPES}}
    return chosen


def fault(project: Project, profile: Profile | None, chosen: Choices, *, aligned: bool) -> str | None:
    """Why these choices cannot be made. `aligned`: nobody may get message types of a channel that is refused."""
    for name, ids in chosen.items():
        known = _known(project, name)
        if unknown := [one for one in ids if one not in known]:
            return f"Invalid {name}: {unknown[0]}"
    if SUBSCRIBED_TYPES not in chosen:
        return None
    if not project.options.behaviour.opt_in_message_types:
        return f"{SUBSCRIBED_TYPES} can be set only where opt-in message types are enabled"
    return _misaligned(project, profile, chosen) if aligned else None


def choose(project: Project, profile: Profile, chosen: Choices) -> Changed:
    """Make the choices, and tell which of them altered the profile: name to (before, after)."""
    changed: Changed = {}
    preferences = profile.prefer()
    for name, ids in chosen.items():
        before = project.lists.of(profile) if name in LIST_FIELDS else getattr(preferences, _ATTRIBUTES[name])
        if set(before) == set(ids):
            continue
        if name in LIST_FIELDS:
            _replace_lists(project, profile, ids)
        else:
            setattr(preferences, _ATTRIBUTES[name], ids)
        changed[name] = (before, ids)
    return changed


def _shown_as(project: Project, name: str) -> str:
    """Both names of the lists mean the one that profiles of the project type have."""
    return project.rules.list_field if name in LIST_FIELDS else name


def _known(project: Project, name: str) -> Collection[int]:
    if name in LIST_FIELDS:
        return {one.id for one in project.lists if one.type == "Standard"}
    options = project.options
    return {one.id for one in (options.channels if name == UNSUBSCRIBED_CHANNELS else options.message_types)}


def _misaligned(project: Project, profile: Profile | None, chosen: Choices) -> str | None:
    before = profile.preferences if profile else None
    refused = chosen.get(UNSUBSCRIBED_CHANNELS, before.unsubscribed_channels if before else [])
    for one in project.options.message_types:
        if one.id in chosen[SUBSCRIBED_TYPES] and one.channel_id in refused:
            return f"Message type {one.id} belongs to channel {one.channel_id}, which is unsubscribed"
    return None


def _replace_lists(project: Project, profile: Profile, ids: list[int]) -> None:
    for number in project.lists.of(profile):
        if number not in ids:
            project.lists.part(number, profile)
    for number in ids:
        project.lists.join(number, profile, project.clock())
