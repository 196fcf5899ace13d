"""Lists, channels and message types: what Iterable knows by an id and people by a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reverse_etl.destinations.request import ApiCaller, Endpoint, Request
from reverse_etl.errors import DestinationError, did_you_mean

_MOST_SHOWN = 50


@dataclass(frozen=True)
class Register:
    """One kind of resource: its noun, the endpoint that returns all of them, and the member of the reply."""

    noun: str
    endpoint: Endpoint
    member: str


# Limits and shapes: Swagger document.
LISTS = Register("list", Endpoint("GET", "/api/lists", 100), "lists")
CHANNELS = Register("channel", Endpoint("GET", "/api/channels", 100), "channels")
MESSAGE_TYPES = Register("message type", Endpoint("GET", "/api/messageTypes", 100), "messageTypes")
# Types of lists whose members can be set (support article 204780579); the type can be missing, and other resources
# have none.
STATIC = ("Standard", "")


@dataclass(frozen=True)
class NamedResource:
    """A list, channel or message type. `kind` is the type of a list; empty if Iterable does not say."""

    id: int
    name: str
    kind: str = ""


class ResourceNames:
    """Finds resources by name."""

    def __init__(self, things: Iterable[NamedResource]) -> None:
        """Names need not be unique."""
        self._exact: dict[str, list[NamedResource]] = {}
        self._folded: dict[str, list[NamedResource]] = {}
        for thing in things:
            self._exact.setdefault(thing.name, []).append(thing)
            self._folded.setdefault(thing.name.lower(), []).append(thing)

    def matching(self, name: str) -> Sequence[NamedResource]:
        """Return the resources of that name; if there are none, those whose name differs by letter case only."""
        return self._exact.get(name) or self._folded.get(name.lower()) or ()

    def nearest(self, name: str) -> str:
        """Return `; did you mean …?` with the nearest name, or an empty text."""
        return did_you_mean(name, self._exact)


def read_resources(register: Register, caller: ApiCaller) -> tuple[NamedResource, ...]:
    """Return all resources of one kind that the project has. Raises DestinationError."""
    reply = caller.ask(Request(register.endpoint, register.endpoint.path))
    found = reply.body.get(register.member) if isinstance(reply.body, dict) and reply.status == 200 else None
    if not isinstance(found, list):
        raise DestinationError(
            "names-not-told",
            f"Iterable did not return the {register.noun}s of the project",
            context={"request": register.endpoint.path, "status": reply.status, "code": reply.code or "none"},
            hint="Run again later: nothing was sent.",
        )
    things = [item for item in found if isinstance(item, dict)]
    return tuple(
        NamedResource(item["id"], item["name"], str(item.get("listType") or ""))
        for item in things
        if type(item.get("id")) is int and isinstance(item.get("name"), str)
    )


def list_resources(things: Sequence[NamedResource]) -> str:
    """Return names and ids as text: `VIP (12), Friends (13)`."""
    names = ", ".join(f"{thing.name} ({thing.id})" for thing in things[:_MOST_SHOWN])
    more = len(things) - _MOST_SHOWN
    return (names + (f" and {more} more" if more > 0 else "")) or "none"
