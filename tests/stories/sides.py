"""The other sides of a story: the sandbox, and the second reading of the API; each with its memory in one form.

A user is called by its e-mail, or by its user id where it has no e-mail. Values that are null, and objects without
members, are left out, so that what a model holds and what a server holds can be compared as they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import requests

from reverse_etl.sandbox import SandboxOptions, start
from tests.second_reading import SecondReading, second_reading
from tests.second_reading.hooks import Hooks
from tests.stories.relay import relaying

KEY = "sandbox-story"
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
        """By id: `user`, `items`, `total`, and what else was sent of `createdAt`, ids and `dataFields`."""

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
        """By user: `emailListIds`, `unsubscribedChannelIds`, and the `MessageTypeIds` of either kind, where set."""


class Side(ABC):
    """A server that a story sends to. `hooks` step into requests that write; `url` is where they are sent.

    Most stories are in a hurry, and rates above those of the reference are then no matter of `advice`.
    """

    in_a_hurry = True
    hooks: Hooks
    memory: Memory
    url: str

    @property
    def number(self) -> int:
        """How many requests that write have come."""
        return self.hooks.number

    @abstractmethod
    def refuse(self, *names: str) -> None:
        """From now on refuse rows of these identifiers, and no others."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything, hooks included."""

    def advice(self) -> list[str]:
        """What the reference advises against, and the client did."""
        return []

    @abstractmethod
    def call(self, method: str, path: str, body: object = None) -> Any:
        """One request of the story's own, which no hook sees: the answer's JSON. Raises where it is refused."""


class _ReadingMemory(Memory):
    def __init__(self, server: SecondReading) -> None:
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
        return {id_: settled({**purchase, "user": purchase["user"].name}) for id_, purchase in held.items()}

    def carts(self) -> dict[str, list[Row]]:
        return settled(self._server.carts)  # type: ignore[no-any-return]

    def items(self, catalog: str) -> dict[str, Row]:
        found = self._server.catalog(catalog)
        return {id_: settled(item) for id_, item in found.items.items()} if found else {}

    def field_types(self, catalog: str) -> dict[str, str]:
        found = self._server.catalog(catalog)
        return dict(found.types) if found else {}

    def members(self, list_name: str) -> set[str]:
        found = self._server.list_named(list_name)
        return {user.name for user in found.members} if found else set()

    def subscriptions(self) -> dict[str, dict[str, list[int]]]:
        return {name: dict(arrays) for name, arrays in self._server.subscriptions.items()}


class ReadingSide(Side):
    """The second reading. Reads of catalogs come flat and writes to them with 202, unlike from the sandbox."""

    def __init__(self, server: SecondReading) -> None:
        self.server = self.hooks = server
        self.memory = _ReadingMemory(server)
        self.url = server.url

    def refuse(self, *names: str) -> None:
        self.server.refused = {name if "@" not in name else name.lower() for name in names}

    def clear(self) -> None:
        self.server.unhook()
        self.server.clear()
        self.server.refused = set()
        self.server.watch.clear()

    def advice(self) -> list[str]:
        return [text for text in self.server.observations if not (self.in_a_hurry and text.startswith("rate:"))]

    def call(self, method: str, path: str, body: object = None) -> Any:
        return self.server.ask(method, path, body)


class _SandboxMemory(Memory):
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
                    "createdAt": event["createdAt"],
                    "campaignId": event.get("campaignId"),
                    "templateId": event.get("templateId"),
                    "dataFields": event.get("dataFields", {}),
                }
            )
            for event in self._read("events")
        }

    def purchases(self) -> dict[str, Row]:
        own = ("items", "total", "createdAt", "campaignId", "templateId", "dataFields", "id")
        return {
            purchase["id"]: settled({"user": _name(purchase), **{name: purchase.get(name) for name in own}})
            for purchase in self._read("purchases")
        }

    def carts(self) -> dict[str, list[Row]]:
        held = {_name(user): user["dataFields"].get("shoppingCartItems") for user in self._read("users")}
        return {name: settled(items) for name, items in held.items() if items is not None}

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
        return {_name(one): {name: one[name] for name in names if name in one} for one in self._read("subscriptions")}


def _name(one: Mapping[str, Any]) -> str:
    return str(one.get("email") or one.get("userId"))


def _fields(user: Mapping[str, Any]) -> Row:
    return {name: value for name, value in user["dataFields"].items() if name not in ("email", "userId")}


class SandboxSide(Side):
    """The sandbox, behind a relay that has the hooks. A refusal is one of the whole request, until its row is alone."""

    def __init__(self, sandbox: Any, relay: Any) -> None:
        self.sandbox, self.hooks = sandbox, relay
        self.memory = _SandboxMemory(sandbox.url)
        self.url = relay.url

    def refuse(self, *names: str) -> None:
        self.hooks.refused = set(names)  # type: ignore[attr-defined]

    def clear(self) -> None:
        self.hooks.unhook()
        self.refuse()
        self.sandbox.project.reset()

    def call(self, method: str, path: str, body: object = None) -> Any:
        url = f"{self.sandbox.url}{path}"
        answer = requests.request(method, url, json=body, headers={"Api-Key": KEY}, timeout=10)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def the_second_reading(project_type: str) -> Iterator[Side]:
    with second_reading(project_type, flat_reads=True, catalog_status=202) as server:
        yield ReadingSide(server)


@contextmanager
def the_sandbox(project_type: str) -> Iterator[Side]:
    options = SandboxOptions(port=0, project_type=project_type, rate_limit=False)  # type: ignore[arg-type]
    with start(options) as sandbox, relaying(sandbox.url) as relay:
        yield SandboxSide(sandbox, relay)


SIDES: dict[str, Callable[[str], AbstractContextManager[Side]]] = {
    "second reading": the_second_reading,
    "sandbox": the_sandbox,
}
