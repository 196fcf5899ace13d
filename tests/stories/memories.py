"""What the other sides of a story hold, each in one form, so that it can be compared with a model as it is.

A user is called by its e-mail, or by its user id where it has no e-mail. Values that are null, objects without members
and subscriptions to nothing are left out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import requests

from tests.reference_iterable import ReferenceServer
from tests.reference_iterable.rules.fields import normalize_dates, parse_date

Row = dict[str, Any]


def settled(value: Any) -> Any:
    """A value without nulls and without objects that hold nothing."""
    if isinstance(value, Mapping):
        inner = {name: settled(item) for name, item in value.items()}
        return {name: item for name, item in inner.items() if item is not None and item != {}}
    return [settled(item) for item in value] if isinstance(value, list) else value


class Memory(ABC):
    """What a server holds, as plain dicts."""

    @abstractmethod
    def users(self) -> dict[str, Row]:
        """By what they are called: `email`, `userId` where they have them, and every field."""

    @abstractmethod
    def events(self) -> dict[str, Row]:
        """By id: `user`, `eventName`, `createdAt` in seconds, `campaignId`, `templateId`, `dataFields`."""

    @abstractmethod
    def purchases(self) -> dict[str, Row]:
        """By id: `user`, `items`, `total`, `createdAt` in seconds, and what was sent of ids and `dataFields`."""

    @abstractmethod
    def carts(self) -> dict[str, list[Row]]:
        """Items by user."""

    @abstractmethod
    def items(self, catalog: str) -> dict[str, Row]:
        """Documents by item id; empty where there is no such catalog."""

    @abstractmethod
    def field_types(self, catalog: str) -> dict[str, str]:
        """Types of a catalog's fields that have one."""

    @abstractmethod
    def members(self, list_name: str) -> set[str]:
        """Users of a list; empty where there is no such list."""

    @abstractmethod
    def subscriptions(self) -> dict[str, dict[str, list[int]]]:
        """By user: `emailListIds`, `unsubscribedChannelIds`, and the `MessageTypeIds` of either kind, sorted."""


class ReferenceMemory(Memory):
    def __init__(self, server: ReferenceServer) -> None:
        self._server = server

    def users(self) -> dict[str, Row]:
        return {
            user.name: settled({"email": user.email, "userId": user.user_id, **user.data})
            for user in self._server.profiles
        }

    def events(self) -> dict[str, Row]:
        return {
            id_: settled(
                {
                    "user": event.user.name,
                    "eventName": event.name,
                    "createdAt": event.created_at,
                    "campaignId": event.campaign_id,
                    "templateId": event.template_id,
                    "dataFields": event.data,
                }
            )
            for id_, event in self._server.events.items()
        }

    def purchases(self) -> dict[str, Row]:
        held = self._server.purchases
        return {
            id_: normalize_dates(settled({**purchase, "user": purchase["user"].name})) for id_, purchase in held.items()
        }

    def carts(self) -> dict[str, list[Row]]:
        return {name: normalize_dates(settled(items)) for name, items in self._server.carts.items()}

    def items(self, catalog: str) -> dict[str, Row]:
        found = self._server.catalog(catalog)
        return {id_: settled(item) for id_, item in found.items.items()} if found else {}

    def field_types(self, catalog: str) -> dict[str, str]:
        found = self._server.catalog(catalog)
        return dict(found.types) if found else {}

    def members(self, list_name: str) -> set[str]:
        found = self._server.find_list(list_name)
        return {user.name for user in found.members} if found else set()

    def subscriptions(self) -> dict[str, dict[str, list[int]]]:
        return _without_nothing(self._server.subscriptions)


class SandboxMemory(Memory):
    def __init__(self, url: str) -> None:
        self._url = url

    def _read(self, what: str) -> list[Row]:
        answer = requests.get(f"{self._url}/sandbox/{what}", timeout=10)
        answer.raise_for_status()
        found: list[Row] = answer.json()
        return found

    def users(self) -> dict[str, Row]:
        return {
            _name(user): settled({"email": user.get("email"), "userId": user.get("userId"), **_fields(user)})
            for user in self._read("users")
        }

    def events(self) -> dict[str, Row]:
        return {
            event["id"]: settled(
                {
                    "user": _name(event),
                    "eventName": event["eventName"],
                    "createdAt": _seconds(event["createdAt"]),
                    "campaignId": event.get("campaignId"),
                    "templateId": event.get("templateId"),
                    "dataFields": event.get("dataFields", {}),
                }
            )
            for event in self._read("events")
        }

    def purchases(self) -> dict[str, Row]:
        own = ("items", "total", "campaignId", "templateId", "dataFields", "id")
        return {
            one["id"]: normalize_dates(settled({name: one.get(name) for name in own}))
            | {"user": _name(one), "createdAt": _seconds(one["createdAt"])}
            for one in self._read("purchases")
        }

    def carts(self) -> dict[str, list[Row]]:
        held = {_name(user): user["dataFields"].get("shoppingCartItems") for user in self._read("users")}
        return {name: normalize_dates(settled(items)) for name, items in held.items() if items is not None}

    def _catalog(self, name: str) -> Row:
        found = [one for one in self._read("catalogs") if one["name"].lower() == name.lower()]
        return found[0] if found else {"items": {}, "fields": {}}

    def items(self, catalog: str) -> dict[str, Row]:
        return {id_: settled(item) for id_, item in self._catalog(catalog)["items"].items()}

    def field_types(self, catalog: str) -> dict[str, str]:
        return dict(self._catalog(catalog)["fields"])

    def members(self, list_name: str) -> set[str]:
        return {_name(one) for held in self._read("lists") if held["name"] == list_name for one in held["members"]}

    def subscriptions(self) -> dict[str, dict[str, list[int]]]:
        names = ("emailListIds", "unsubscribedChannelIds", "unsubscribedMessageTypeIds", "subscribedMessageTypeIds")
        return _without_nothing(
            {_name(one): {name: one[name] for name in names if name in one} for one in self._read("subscriptions")}
        )


def _without_nothing(held: Mapping[str, Mapping[str, list[int]]]) -> dict[str, dict[str, list[int]]]:
    filled = {name: {key: sorted(ids) for key, ids in arrays.items() if ids} for name, arrays in held.items()}
    return {name: arrays for name, arrays in filled.items() if arrays}


def _seconds(read: str) -> int:
    moment = parse_date(read)
    assert moment is not None, read
    return int(moment.timestamp())


def _name(one: Mapping[str, Any]) -> str:
    return str(one.get("email") or one.get("userId"))


def _fields(user: Mapping[str, Any]) -> Row:
    return {name: value for name, value in user["dataFields"].items() if name not in ("email", "userId")}
