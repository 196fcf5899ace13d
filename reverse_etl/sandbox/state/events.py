"""The events and purchases of a project's users, and those accepted that wait for their queue. Knows no endpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID, uuid5

from reverse_etl.sandbox.rules.dates import written
from reverse_etl.sandbox.rules.event_fields import EventFields, EventType
from reverse_etl.sandbox.state.collection import Shelf
from reverse_etl.sandbox.state.store import Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.journal import Journal
    from reverse_etl.sandbox.state.profile import Profile

MAX_ID_BYTES: Final = 512
_GENERATED_IDS: Final = UUID("7a0ea0a6-8f5e-4d0c-9a3c-5f5f0d1a2b3c")


@dataclass(frozen=True)
class Event:
    """Something a user did: `id` is the sandbox's number, `key` Iterable's id, unique among events of one type.

    `user` is the number of the profile, `created` in seconds since 1970, `data` the dataFields; `beside` holds what a
    purchase has beside them. Until it is accepted an event has the number 0, and perhaps no id.
    """

    user: int
    name: str
    created: float
    data: Fields
    id: int = 0
    key: str = ""
    type: EventType = "customEvent"
    campaign_id: int | None = None
    template_id: int | None = None
    beside: Fields = field(default_factory=dict)

    @property
    def all_fields(self) -> Fields:
        return {**self.beside, **self.data}

    def document(self) -> dict[str, Any]:
        return asdict(self)

    def as_read(self, identifiers: Mapping[str, Any]) -> dict[str, Any]:
        """The event as `GET` answers it, of the user with these identifiers."""
        told = {"campaignId": self.campaign_id, "templateId": self.template_id}
        return {
            **identifiers,
            "createdAt": written(self.created),
            "eventType": self.type,
            **({"eventName": self.name} if self.type == "customEvent" else {}),
            **{name: value for name, value in told.items() if value is not None},
            **self.beside,
            "dataFields": self.data,
        }


@dataclass(frozen=True)
class Waiting:
    """An event that is applied at `due`, in seconds since 1970."""

    id: int
    due: float
    event: Event

    def document(self) -> dict[str, Any]:
        return asdict(self)


class Events(Topic):
    """Events follow their user through moves and merges, and go with the user."""

    def __init__(self, project_id: int, field_limit: int) -> None:
        self.fields = EventFields(project_id, field_limit)
        self._events: Shelf[Event] = Shelf("events")
        self._waiting: Shelf[Waiting] = Shelf("waiting_events")
        self._by_key: dict[tuple[EventType, str], Event] = {}
        self._of_user: dict[int, dict[int, Event]] = {}

    def __iter__(self) -> Iterator[Event]:
        """In the order in which they came first."""
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    @property
    def waiting(self) -> int:
        """How many have been accepted and not applied."""
        return len(self._waiting)

    def of(self, profile: Profile) -> list[Event]:
        """The latest in front."""
        return sorted(self._of_user.get(profile.id, {}).values(), key=lambda one: (one.created, one.id), reverse=True)

    def accept(self, event: Event, now: float, delay: float = 0.0) -> Event:
        """The event with its number, and with an id where it has none; it is applied after `delay` seconds."""
        number = max(self._events.next_id, self._waiting.next_id)
        event = replace(event, id=number, key=event.key or str(uuid5(_GENERATED_IDS, str(number))))
        if delay > 0:
            self._waiting.put(Waiting(number, now + delay, event))
        else:
            self._apply(event)
        return event

    def catch_up(self, now: float) -> None:
        due = sorted((one for one in self._waiting if one.due <= now), key=lambda one: (one.due, one.id))
        for one in due:
            self._waiting.drop(one)
            self._apply(one.event)

    def follow(self, source: Profile, destination: Profile) -> None:
        for event in list(self._of_user.get(source.id, {}).values()):
            self._unindex(event)
            self._add(replace(event, user=destination.id))
        for one in [one for one in self._waiting if one.event.user == source.id]:
            self._waiting.put(replace(one, event=replace(one.event, user=destination.id)))

    def leave(self, profile: Profile) -> None:
        for event in list(self._of_user.get(profile.id, {}).values()):
            self._unindex(event)
            self._events.drop(event)
        for one in [one for one in self._waiting if one.event.user == profile.id]:
            self._waiting.drop(one)

    def shelves(self) -> Sequence[Shelf[Any]]:
        return self._events, self._waiting

    def values(self) -> Mapping[str, object]:
        return {"event_fields": self.fields.types}

    def load(self, journal: Journal) -> None:
        self.fields.types = cast("dict[str, dict[str, str]]", journal.value("event_fields") or {})
        self._events.load(journal.documents("events"), lambda _, document: Event(**document))
        self._waiting.load(journal.documents("waiting_events"), _waiting)
        for event in self._events:
            self._index(event)

    def _apply(self, event: Event) -> None:
        """An event with the id of another takes its place, whosever that was."""
        before = self._by_key.get((event.type, event.key))
        if before is not None:
            self._unindex(before)
            event = replace(event, id=before.id)
        self._add(event)

    def _add(self, event: Event) -> None:
        self._index(self._events.put(event))

    def _index(self, event: Event) -> None:
        self._by_key[event.type, event.key] = event
        self._of_user.setdefault(event.user, {})[event.id] = event

    def _unindex(self, event: Event) -> None:
        del self._by_key[event.type, event.key]
        del self._of_user[event.user][event.id]
        if not self._of_user[event.user]:
            del self._of_user[event.user]


def _waiting(number: int, document: dict[str, Any]) -> Waiting:
    return Waiting(number, document["due"], Event(**document["event"]))
