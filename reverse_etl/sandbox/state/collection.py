"""The numbered things of one topic, oldest first, and which of them the journal has not seen. Knows no topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class Kept(Protocol):
    """What a shelf holds: it has a number and can be written down."""

    @property
    def id(self) -> int: ...

    def document(self) -> dict[str, Any]:
        """Everything, for the journal; JSON only."""
        ...


Thing = TypeVar("Thing", bound=Kept)


@dataclass(frozen=True)
class Unwritten:
    """What happened on one shelf since the last commit."""

    topic: str
    saved: Iterator[tuple[int, dict[str, Any]]]
    removed: Iterable[int]


class Shelf(Generic[Thing]):
    """`topic` names the shelf in the journal; `next_id` is the number of the next thing, and never used twice."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.things: dict[int, Thing] = {}
        self.next_id = 1
        self._changed: dict[int, Thing] = {}
        self._removed: set[int] = set()

    def __iter__(self) -> Iterator[Thing]:
        return iter(self.things.values())

    def __len__(self) -> int:
        return len(self.things)

    def put(self, thing: Thing) -> Thing:
        """Add a thing, or note that it has changed."""
        self.things[thing.id] = self._changed[thing.id] = thing
        self.next_id = max(self.next_id, thing.id + 1)
        return thing

    def drop(self, thing: Thing) -> None:
        del self.things[thing.id]
        self._changed.pop(thing.id, None)
        self._removed.add(thing.id)

    def unwritten(self) -> Unwritten | None:
        """None when there is nothing to write."""
        if not self._changed and not self._removed:
            return None
        saved = ((number, thing.document()) for number, thing in self._changed.items())
        return Unwritten(self.topic, saved, self._removed)

    def written(self) -> None:
        self._changed, self._removed = {}, set()

    def load(
        self, documents: Iterable[tuple[int, dict[str, Any]]], made: Callable[[int, dict[str, Any]], Thing]
    ) -> None:
        """Take up what the journal kept; `made` builds a thing from its number and document."""
        for number, document in documents:
            self.put(made(number, document))
        self.written()
