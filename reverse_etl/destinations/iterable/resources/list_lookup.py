"""Which list a sync is about: found by the id or name in its definition, created if the definition allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from reverse_etl.counting import are, plural
from reverse_etl.destinations.iterable.resources.named_resources import (
    LISTS,
    STATIC,
    NamedResource,
    ResourceNames,
    list_resources,
    read_resources,
)
from reverse_etl.destinations.request import ApiCaller, Endpoint, Reply, Request
from reverse_etl.errors import DestinationError

# Swagger states no limit; this many single requests a second are a safe choice.
CREATE = Endpoint("POST", "/api/lists", 100)
_CREATE_BY_HAND = "Create it in Iterable, or use an API key that can."


@dataclass(frozen=True)
class ListKey:
    """A list as a definition names it: by id, or by name. The other one is empty."""

    id: int = 0
    name: str = ""

    def matches(self, one: NamedResource) -> bool:
        """Return whether this is the list that the definition names."""
        return one.name == self.name if self.name else one.id == self.id


@dataclass(frozen=True)
class FoundList:
    """A list by its id. `just_created`: Iterable may not know it everywhere yet."""

    id: int
    just_created: bool = False


@dataclass(frozen=True)
class ListSearch:
    """Finds the list of a definition. `create`: the definition lets it be created. `sync` is for messages."""

    key: ListKey
    create: bool
    sync: str
    caller: ApiCaller

    def find(self) -> NamedResource | None:
        """Return the list; None if it does not exist and may be created. Raises DestinationError."""
        lists = read_resources(LISTS, self.caller)
        matches = [one for one in lists if self.key.matches(one)]
        if len(matches) > 1:
            raise self._several(matches)
        if not matches and not self.create:
            raise self._unknown(lists)
        if matches and matches[0].kind not in STATIC:
            raise self._not_static(matches[0], lists)
        return matches[0] if matches else None

    def find_or_create(self, remembered: Mapping[str, str]) -> FoundList:
        """Return the list, which is created if it does not exist. Raises DestinationError.

        A list that an earlier run found or created is known by its id. Iterable may not return it for a minute, and
        may return several lists of its name.
        """
        known, name = remembered.get("list_id", ""), self.key.name
        if known.isdecimal() and remembered.get("list") == name:
            listed = {one.id: one.name for one in read_resources(LISTS, self.caller)}
            if int(known) in listed or name not in listed.values():
                return FoundList(int(known), just_created=int(known) not in listed)
        existing = self.find()
        return FoundList(existing.id) if existing is not None else FoundList(self._create(), just_created=True)

    def _create(self) -> int:
        """Create the list, once: Iterable accepts a second one of the same name."""
        reply = self.caller.ask(Request(CREATE, CREATE.path, orjson.dumps({"name": self.key.name})), once=True)
        created = reply.body.get("listId") if isinstance(reply.body, dict) and 200 <= reply.status < 300 else None
        if type(created) is not int:
            raise self._not_created(reply)
        return created

    def _several(self, matches: Sequence[NamedResource]) -> DestinationError:
        count = len(matches)
        return DestinationError(
            "ambiguous-list",
            f"sync `{self.sync}`: {plural(count, 'list')} of Iterable {are(count)} called `{matches[0].name}`",
            context={"lists": list_resources(matches)},
            hint="Write the id of one of them: `list: {id: …}`.",
        )

    def _unknown(self, lists: Sequence[NamedResource]) -> DestinationError:
        name = self.key.name
        which = f"called `{name}`{ResourceNames(lists).nearest(name)}" if name else f"with the id {self.key.id}"
        or_create = ", or create the list with `create_list: true`" if name else ""
        return DestinationError(
            "unknown-list",
            f"sync `{self.sync}`: Iterable has no list {which}",
            context={"lists": list_resources(lists)},
            hint=f"Correct `list` in the definition{or_create}.",
        )

    def _not_static(self, one: NamedResource, lists: Sequence[NamedResource]) -> DestinationError:
        return DestinationError(
            "list-not-static",
            f"sync `{self.sync}`: the members of list `{one.name}` ({one.id}) cannot be set, since it is {one.kind}",
            context={"static lists": list_resources([other for other in lists if other.kind in STATIC])},
            hint="Name a static list in the definition.",
        )

    def _not_created(self, reply: Reply) -> DestinationError:
        answer = f"status {reply.status}" if reply.status else "no answer"
        refused = 400 <= reply.status < 500
        what = "did not create" if refused else "did not say whether it created"
        return DestinationError(
            "list-not-made",
            f"sync `{self.sync}`: Iterable {what} the list `{self.key.name}`",
            context={"answer": answer, "code": reply.code or "none", "request": reply.request_id or "unnamed"},
            hint=_CREATE_BY_HAND if refused else "Run again: an existing list is found.",
        )
