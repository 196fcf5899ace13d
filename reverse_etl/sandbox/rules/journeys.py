"""The journeys of a project, and which of them something that a user does can start.

A profile update starts a journey if the request contains its field, changed or not. An event starts one if it is added
or updated. Source: support article 15934993720468, "Journey Setup: The Start Tile".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

StartKind = Literal[
    "event",
    "profile_update",
    "new_user",
    "purchase",
    "cart_update",
    "list_subscribe",
    "list_unsubscribe",
    "channel_subscribe",
    "channel_unsubscribe",
    "message_type_subscribe",
    "message_type_unsubscribe",
    "schedule",
    "api_call",
]
START_KINDS: Final[tuple[StartKind, ...]] = get_args(StartKind)
NEEDS_NAMES: Final = frozenset({"event", "profile_update"})
HAS_NAMES: Final = NEEDS_NAMES | {kind for kind in START_KINDS if kind.endswith("subscribe")}

# 2020-01-01, in milliseconds.
_CREATED_AT: Final = 1_577_836_800_000
# Iterable documents no names for these. Exports and webhooks use the names of purchases and subscriptions.
_SYSTEM_NAMES: Final[Mapping[str, str]] = {
    "purchase": "purchase",
    "cart_update": "updateCart",
    "profile_update": "userProfileUpdate",
    "new_user": "newUserCreated",
}


@dataclass(frozen=True)
class Occurrence:
    """Something that a user did. `names` are the names and ids that a journey can mean, `cause` says it in words.

    `is_new_user`: the same request created the user.
    """

    kind: StartKind
    names: Collection[str] = ()
    cause: str = ""
    is_new_user: bool = False


@dataclass(frozen=True)
class Journey:
    """One journey. `of` are the events, fields, lists, channels or message types that start it; empty: any of them.

    A user stays in it for `stay_hours` hours. `new_users`: a profile update also starts it for users that the request
    creates. A limit of None is no limit.
    """

    id: int
    name: str
    starts_with: StartKind
    of: tuple[str, ...] = ()
    enabled: bool = True
    archived: bool = False
    lifetime_limit: int | None = None
    simultaneous_limit: int | None = None
    stay_hours: float = 24.0
    new_users: bool = False

    def is_started_by(self, occurrence: Occurrence) -> bool:
        """Return whether this can start the journey, apart from its limits."""
        if not self.enabled or self.archived or occurrence.kind != self.starts_with:
            return False
        if occurrence.is_new_user and not self.new_users:
            return False
        return not self.of or any(name in occurrence.names for name in self.of)

    def to_api(self, *, system_names: bool) -> dict[str, Any]:
        """Return the journey as the API shows it. `system_names`: events that are not custom events have names too."""
        limits = {"lifetimeLimit": self.lifetime_limit, "simultaneousLimit": self.simultaneous_limit}
        return {
            "id": self.id,
            "name": self.name,
            "description": "",
            "enabled": self.enabled and not self.archived,
            "isArchived": self.archived,
            "journeyType": "Published",
            **{name: limit for name, limit in limits.items() if limit is not None},
            "startTileId": self.id,
            "triggerEventNames": self._list_event_names(system_names=system_names),
            "createdAt": _CREATED_AT,
            "updatedAt": _CREATED_AT,
            "creatorUserId": "sandbox@example.com",
        }

    def _list_event_names(self, *, system_names: bool) -> list[str]:
        if self.starts_with == "event":
            return list(self.of)
        if not system_names:
            return []
        if self.starts_with.endswith("unsubscribe"):
            return ["emailUnSubscribe"]
        if self.starts_with.endswith("subscribe"):
            return ["emailSubscribe"]
        return [_SYSTEM_NAMES[self.starts_with]] if self.starts_with in _SYSTEM_NAMES else []


def list_field_paths(fields: Mapping[str, Any]) -> set[str]:
    """Return the paths of all fields that a request contains; fields of nested objects have dots."""
    return set(_iterate_paths(fields, ""))


def _iterate_paths(fields: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in fields.items():
        yield prefix + name
        if isinstance(value, dict):
            yield from _iterate_paths(value, f"{prefix}{name}.")
