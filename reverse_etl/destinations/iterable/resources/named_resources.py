"""Named: what Iterable knows by a number and people by a name: lists, channels, message types; asked for in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reverse_etl.definition.faults import nearest
from reverse_etl.destinations.request import ApiCaller, Endpoint, Request
from reverse_etl.errors import DestinationError

_MOST_SHOWN = 50


@dataclass(frozen=True)
class Register:
    """Things of one sort: what one is called, and where all of them are told, under which member."""

    noun: str
    endpoint: Endpoint
    member: str


# Limits and shapes: Swagger document.
LISTS = Register("list", Endpoint("GET", "/api/lists", 100), "lists")
CHANNELS = Register("channel", Endpoint("GET", "/api/channels", 100), "channels")
MESSAGE_TYPES = Register("message type", Endpoint("GET", "/api/messageTypes", 100), "messageTypes")
# Types of lists whose members can be set (support article 204780579); the type need not be told, and other things
# have none.
STATIC = ("Standard", "")


@dataclass(frozen=True)
class Named:
    """One of them. `kind` is a list's type; empty where Iterable does not say."""

    id: int
    name: str
    kind: str = ""


class Names:
    """Things to be found by name."""

    def __init__(self, things: Iterable[Named]) -> None:
        """Names need not be unique."""
        self._exact: dict[str, list[Named]] = {}
        self._folded: dict[str, list[Named]] = {}
        for thing in things:
            self._exact.setdefault(thing.name, []).append(thing)
            self._folded.setdefault(thing.name.lower(), []).append(thing)

    def matching(self, name: str) -> Sequence[Named]:
        """Those of that name; where none has it to the letter, those that have it in another case."""
        return self._exact.get(name) or self._folded.get(name.lower()) or ()

    def nearest(self, name: str) -> str:
        """`; did you mean …?` or nothing."""
        return nearest(name, self._exact)


def told(register: Register, asker: ApiCaller) -> tuple[Named, ...]:
    """All that the project has of that sort. Raises DestinationError."""
    reply = asker.ask(Request(register.endpoint, register.endpoint.path))
    found = reply.body.get(register.member) if isinstance(reply.body, dict) and reply.status == 200 else None
    if not isinstance(found, list):
        raise DestinationError(
            "names-not-told",
            f"Iterable did not tell which {register.noun}s the project has",
            context={"request": register.endpoint.path, "status": reply.status, "code": reply.code or "none"},
            hint="Run again later: nothing was sent.",
        )
    things = [item for item in found if isinstance(item, dict)]
    return tuple(
        Named(item["id"], item["name"], str(item.get("listType") or ""))
        for item in things
        if type(item.get("id")) is int and isinstance(item.get("name"), str)
    )


def shown(things: Sequence[Named]) -> str:
    """Names with their numbers, for people: `VIP (12), Friends (13)`."""
    names = ", ".join(f"{thing.name} ({thing.id})" for thing in things[:_MOST_SHOWN])
    more = len(things) - _MOST_SHOWN
    return (names + (f" and {more} more" if more > 0 else "")) or "none"
