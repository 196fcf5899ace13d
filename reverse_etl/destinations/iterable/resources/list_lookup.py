"""Which list a sync is about: found by the id or name that its definition says, made where that is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from reverse_etl.counting import are, plural
from reverse_etl.destinations.iterable.resources.named_resources import LISTS, STATIC, Named, Names, shown, told
from reverse_etl.destinations.request import ApiCaller, Endpoint, Reply, Request
from reverse_etl.errors import DestinationError
from reverse_etl.sync import Sync

# Swagger states no limit; this many single requests a second are the safe side.
CREATE = Endpoint("POST", "/api/lists", 100)


@dataclass(frozen=True)
class Target:
    """A list by its id. `fresh`: it was just made, and Iterable may not know it everywhere yet."""

    id: int
    fresh: bool = False


def find_list(sync: Sync, asker: ApiCaller) -> Named | None:
    """The list of a definition; None where it is not there and may be made. Raises DestinationError."""
    lists, said = told(LISTS, asker), sync.options["list"]
    found = [one for one in lists if one.id == said.get("id") or one.name == said.get("name")]
    if len(found) > 1:
        raise DestinationError(
            "ambiguous-list",
            f"sync `{sync.name}`: {plural(len(found), 'list')} of Iterable {are(len(found))} called `{found[0].name}`",
            context={"lists": shown(found)},
            hint="Name one of them by its id: `list: {id: …}`.",
        )
    if not found and not sync.option("create_list"):
        raise _unknown(sync, lists)
    if found and found[0].kind not in STATIC:
        raise DestinationError(
            "list-not-static",
            f"sync `{sync.name}`: the members of list `{found[0].name}` ({found[0].id}) cannot be set, since it is"
            f" {found[0].kind}",
            context={"static lists": shown([one for one in lists if one.kind in STATIC])},
            hint="Name a static list in the definition.",
        )
    return found[0] if found else None


def find_or_make_list(sync: Sync, asker: ApiCaller, place: Mapping[str, str]) -> Target:
    """The list of a definition, made if it has to be. Raises DestinationError.

    A list that was found or made before is known by its id. Iterable may not list it for a minute, and may list several
    of its name.
    """
    known, name = place.get("list_id", ""), sync.options["list"].get("name", "")
    if known.isdecimal() and place.get("list") == name:
        listed = {one.id: one.name for one in told(LISTS, asker)}
        if int(known) in listed or name not in listed.values():
            return Target(int(known), fresh=int(known) not in listed)
    found = find_list(sync, asker)
    return Target(found.id) if found is not None else Target(_make(sync, asker), fresh=True)


def _make(sync: Sync, asker: ApiCaller) -> int:
    """Make the list, once: Iterable takes a second one of the same name."""
    name = sync.options["list"]["name"]
    reply = asker.ask(Request(CREATE, CREATE.path, orjson.dumps({"name": name})), once=True)
    made = reply.body.get("listId") if isinstance(reply.body, dict) and 200 <= reply.status < 300 else None
    if type(made) is not int:
        raise _not_made(sync, name, reply)
    return made


def _unknown(sync: Sync, lists: tuple[Named, ...]) -> DestinationError:
    said = sync.options["list"]
    name = said.get("name")
    called = f"called `{name}`{Names(lists).nearest(name)}" if name else f"with the id {said['id']}"
    or_make = ", or let it be made with `create_list: true`" if name else ""
    return DestinationError(
        "unknown-list",
        f"sync `{sync.name}`: Iterable has no list {called}",
        context={"lists": shown(lists)},
        hint=f"Correct `list` in the definition{or_make}.",
    )


def _not_made(sync: Sync, name: str, reply: Reply) -> DestinationError:
    said = f"status {reply.status}" if reply.status else "no answer"
    refused = 400 <= reply.status < 500
    return DestinationError(
        "list-not-made",
        f"sync `{sync.name}`: Iterable {'did not make' if refused else 'did not say that it made'} the list `{name}`",
        context={"answer": said, "code": reply.code or "none", "request": reply.request_id or "unnamed"},
        hint="Make it in Iterable, or let the key do so." if refused else "Run again: if it is there, it is found.",
    )
