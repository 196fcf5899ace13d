"""The events and purchases of a project's users, and the accepted ones that wait in a queue."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID, uuid5

from reverse_etl.sandbox.rules.dates import format_time
from reverse_etl.sandbox.rules.event_fields import EventFieldTypes, EventType
from reverse_etl.sandbox.state.store import Store
from reverse_etl.sandbox.state.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.journal import Journal
    from reverse_etl.sandbox.state.profile import Profile

MAX_ID_BYTES: Final = 512
_GENERATED_IDS: Final = UUID("7a0ea0a6-8f5e-4d0c-9a3c-5f5f0d1a2b3c")


@dataclass(frozen=True)
class Event:
    """Something a user did. `id` is the sandbox's number, `key` Iterable's id, unique among events of one type.

    `user` is the number of the profile, `created` is in seconds since 1970, `data` are the dataFields.
    `purchase_fields` are the total and the items of a purchase.
    Until the event is accepted, its `id` is 0 and its `key` can be empty.
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
    purchase_fields: Fields = field(default_factory=dict)

    @property
    def all_fields(self) -> Fields:
        return {**self.purchase_fields, **self.data}

    def to_document(self) -> dict[str, Any]:
        document = asdict(self)
        # The data folder's name for it.
        document["beside"] = document.pop("purchase_fields")
        return document

    def to_api(self, identifiers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the event as a GET shows it. `identifiers` are its user's."""
        sources = {"campaignId": self.campaign_id, "templateId": self.template_id}
        return {
            **identifiers,
            "createdAt": format_time(self.created),
            "eventType": self.type,
            **({"eventName": self.name} if self.type == "customEvent" else {}),
            **{name: value for name, value in sources.items() if value is not None},
            **self.purchase_fields,
            "dataFields": self.data,
        }


@dataclass(frozen=True)
class QueuedEvent:
    """An event that is applied at `due`, in seconds since 1970."""

    id: int
    due: float
    event: Event

    def to_document(self) -> dict[str, Any]:
        return {"id": self.id, "due": self.due, "event": self.event.to_document()}


class Events(Store):
    """Events follow a merged user and are removed with the user.

    `on_applied` gets each event that is added or updated.
    """

    def __init__(self, project_id: int, field_limit: int, on_applied: Callable[[Event], None] = lambda _: None) -> None:
        self._on_applied = on_applied
        self.field_types = EventFieldTypes(project_id, field_limit)
        self._events: Table[Event] = Table("events")
        self._queue: Table[QueuedEvent] = Table("waiting_events")
        self._by_key: dict[tuple[EventType, str], Event] = {}
        self._by_user: dict[int, dict[int, Event]] = {}

    def __iter__(self) -> Iterator[Event]:
        """Iterate in the order in which the events first came."""
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    @property
    def queue_length(self) -> int:
        """How many events are accepted but not applied yet."""
        return len(self._queue)

    def list_latest_of(self, profile: Profile) -> list[Event]:
        """Return the events of a user, latest first."""
        events = self._by_user.get(profile.id, {}).values()
        return sorted(events, key=lambda one: (one.created, one.id), reverse=True)

    def accept(self, event: Event, now: float, delay: float = 0.0) -> Event:
        """Return the event with its number, and a new id if it has none. It is applied after `delay` seconds."""
        number = max(self._events.next_id, self._queue.next_id)
        event = replace(event, id=number, key=event.key or str(uuid5(_GENERATED_IDS, str(number))))
        if delay > 0:
            self._queue.save(QueuedEvent(number, now + delay, event))
        else:
            self._apply(event)
        return event

    def apply_due(self, now: float) -> None:
        due = sorted((queued for queued in self._queue if queued.due <= now), key=lambda one: (one.due, one.id))
        for queued in due:
            self._queue.remove(queued)
            self._apply(queued.event)

    def transfer_user(self, source: Profile, destination: Profile) -> None:
        for event in list(self._by_user.get(source.id, {}).values()):
            self._unindex(event)
            self._save(replace(event, user=destination.id))
        for queued in self._list_queued_of(source):
            self._queue.save(replace(queued, event=replace(queued.event, user=destination.id)))

    def remove_user(self, profile: Profile) -> None:
        for event in list(self._by_user.get(profile.id, {}).values()):
            self._unindex(event)
            self._events.remove(event)
        for queued in self._list_queued_of(profile):
            self._queue.remove(queued)

    def list_tables(self) -> Sequence[Table[Any]]:
        return self._events, self._queue

    def get_values(self) -> Mapping[str, object]:
        return {"event_fields": self.field_types.types}

    def load_journal(self, journal: Journal) -> None:
        self.field_types.types = cast("dict[str, dict[str, str]]", journal.read_value("event_fields") or {})
        self._events.load_documents(journal.read_documents("events"), lambda _, document: _parse_event(document))
        self._queue.load_documents(journal.read_documents("waiting_events"), _parse_queued_event)
        for event in self._events:
            self._index(event)

    def _list_queued_of(self, profile: Profile) -> list[QueuedEvent]:
        return [queued for queued in self._queue if queued.event.user == profile.id]

    def _apply(self, event: Event) -> None:
        """Save an event. It replaces an event with the same id, even one of another user."""
        before = self._by_key.get((event.type, event.key))
        if before is not None:
            self._unindex(before)
            event = replace(event, id=before.id)
        self._save(event)
        self._on_applied(event)

    def _save(self, event: Event) -> None:
        self._index(self._events.save(event))

    def _index(self, event: Event) -> None:
        self._by_key[event.type, event.key] = event
        self._by_user.setdefault(event.user, {})[event.id] = event

    def _unindex(self, event: Event) -> None:
        del self._by_key[event.type, event.key]
        del self._by_user[event.user][event.id]
        if not self._by_user[event.user]:
            del self._by_user[event.user]


def _parse_event(document: dict[str, Any]) -> Event:
    members = {name: value for name, value in document.items() if name != "beside"}
    return Event(**members, purchase_fields=document["beside"])


def _parse_queued_event(number: int, document: dict[str, Any]) -> QueuedEvent:
    return QueuedEvent(number, document["due"], _parse_event(document["event"]))
