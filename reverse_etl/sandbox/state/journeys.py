"""The journeys that requests to the sandbox would have started, with the users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from reverse_etl.sandbox.state.store import Store
from reverse_etl.sandbox.state.table import Table

if TYPE_CHECKING:
    from reverse_etl.sandbox.rules.journeys import Journey, Occurrence
    from reverse_etl.sandbox.state.journal import Journal
    from reverse_etl.sandbox.state.profile import Profile


@dataclass(frozen=True)
class JourneyEntry:
    """One time that a user would have entered a journey. `journey` is its id, `user` the number of the profile.

    `time` is in seconds since 1970. `request` is the number of the request in the log; 0: an earlier request did it.
    `kept_out` says which limit of the journey kept the user out; empty if the user entered.
    """

    id: int
    journey: int
    user: int
    cause: str
    time: float
    request: int
    kept_out: str = ""

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


class Journeys(Store):
    """The entries of users. They follow a merged user and are removed with the user.

    `request` is the number of the request that is being handled; 0 between requests.
    """

    def __init__(self, journeys: Sequence[Journey]) -> None:
        self.journeys = {journey.id: journey for journey in journeys}
        self.request = 0
        self._entries: Table[JourneyEntry] = Table("journey_entries")
        self._by_user: dict[int, dict[int, JourneyEntry]] = {}

    def __iter__(self) -> Iterator[JourneyEntry]:
        """Iterate in the order of time."""
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def start(self, profile: Profile, occurrence: Occurrence, now: float) -> None:
        """Note which journeys this starts for the user, or would start without their limits."""
        for journey in self.journeys.values():
            if journey.is_started_by(occurrence):
                kept_out = self._find_limit(journey, profile, now)
                number = self._entries.next_id
                entry = JourneyEntry(number, journey.id, profile.id, occurrence.cause, now, self.request, kept_out)
                self._index(self._entries.save(entry))

    def list_latest_of(self, profile: Profile) -> list[JourneyEntry]:
        """Return the entries of a user, latest first."""
        return list(self._by_user.get(profile.id, {}).values())[::-1]

    def count(self, journey: Journey) -> tuple[int, int]:
        """Return how many entries a journey has, and how often its limits kept a user out."""
        found = [bool(entry.kept_out) for entry in self._entries if entry.journey == journey.id]
        return found.count(False), found.count(True)

    def get_name(self, number: int) -> str:
        """Return the name of a journey, or its number if the file does not declare it any more."""
        journey = self.journeys.get(number)
        return journey.name if journey else f"journey {number}"

    def list_tables(self) -> Sequence[Table[Any]]:
        return (self._entries,)

    def load_journal(self, journal: Journal) -> None:
        self._entries.load_documents(
            journal.read_documents("journey_entries"), lambda _, document: JourneyEntry(**document)
        )
        for entry in self._entries:
            self._index(entry)

    def transfer_user(self, source: Profile, destination: Profile) -> None:
        for entry in list(self._by_user.pop(source.id, {}).values()):
            self._index(self._entries.save(replace(entry, user=destination.id)))

    def remove_user(self, profile: Profile) -> None:
        for entry in self._by_user.pop(profile.id, {}).values():
            self._entries.remove(entry)

    def _find_limit(self, journey: Journey, profile: Profile, now: float) -> str:
        """Return the limit that keeps the user out, in words; empty if none does."""
        times = [
            entry.time
            for entry in self._by_user.get(profile.id, {}).values()
            if entry.journey == journey.id and not entry.kept_out
        ]
        if journey.lifetime_limit is not None and len(times) >= journey.lifetime_limit:
            return f"lifetime limit of {journey.lifetime_limit}"
        inside = sum(now < time + journey.stay_hours * 3600 for time in times)
        if journey.simultaneous_limit is not None and inside >= journey.simultaneous_limit:
            return f"simultaneous limit of {journey.simultaneous_limit}"
        return ""

    def _index(self, entry: JourneyEntry) -> None:
        self._by_user.setdefault(entry.user, {})[entry.id] = entry
