"""JourneyForecast: which journeys of the destination the rows of a plan may enter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reverse_etl.destinations.journeys import Journey, JourneyEvent, JourneyList


@dataclass(frozen=True)
class JourneyStart:
    """Rows of a plan that may enter one journey: `rows` times `event`.

    `doubt` says what the destination does not say about it. If it is empty, each of the rows enters the journey, up to
    its limits: how often one user can enter it, in total and at the same time. None: no limit is known.
    """

    journey: str
    id: str
    event: str
    rows: int
    lifetime_limit: int | None = None
    simultaneous_limit: int | None = None
    doubt: str = ""


@dataclass(frozen=True)
class PossibleStart:
    """Rows of a plan that may start journeys, if the destination does not say which events start them.

    `rows` times `event`. `journeys` are the enabled journeys for which no event is named. `fields` are the fields that
    go. `doubt` says what the destination does not say, if any journey may start.
    """

    event: str
    rows: int
    journeys: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    doubt: str = ""


@dataclass(frozen=True)
class JourneyForecast:
    """What the rows of a plan may start at the destination.

    `enabled` is the number of journeys that accept users, `rows` the number of rows that may enter at least one.
    `unread` says why the journeys could not be read; it is empty if they were.
    """

    enabled: int = 0
    rows: int = 0
    starts: tuple[JourneyStart, ...] = ()
    possible: tuple[PossibleStart, ...] = ()
    unread: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the journeys that may start, as far as they are known."""
        unnamed = (name for one in self.possible for name in one.journeys)
        return tuple(dict.fromkeys((*(start.journey for start in self.starts), *unnamed)))


@dataclass(frozen=True)
class RowsToSend:
    """How many rows go: all that are written, the added ones among them, and removed ones.

    `names` counts the written rows by the name of their event, `unnamed` the rows whose names were not counted.
    `fields` are the fields that go.
    """

    written: int = 0
    added: int = 0
    removed: int = 0
    names: Mapping[str, int] = field(default_factory=dict)
    unnamed: int = 0
    fields: tuple[str, ...] = ()

    def limited_to(self, rows: int | None) -> RowsToSend:
        """Return the rows of a run that sends at most so many; None: all of them. Removed rows go last."""
        if rows is None:
            return self
        written = min(self.written, rows)
        return replace(
            self,
            written=written,
            added=min(self.added, written),
            removed=min(self.removed, rows - written),
            names={name: min(count, written) for name, count in self.names.items()},
            unnamed=min(self.unnamed, written),
        )


def forecast_journeys(listed: JourneyList, events: Sequence[JourneyEvent], rows: RowsToSend) -> JourneyForecast:
    """Return what these rows may start, if they are these events."""
    counted = [(event, count) for event, count in _count(events, rows) if count]
    entering = _count_entering(listed.journeys, counted) + (rows.unnamed if listed.journeys else 0)
    starts = tuple(start for event, count in counted for start in _list_starts(listed.journeys, event, count))
    possible = tuple(one for event, count in counted for one in _find_possible(listed.journeys, event, count, rows))
    return JourneyForecast(
        enabled=len(listed.journeys),
        rows=min(rows.written + rows.removed, entering),
        starts=starts,
        possible=possible,
        unread=listed.unread,
    )


def _count(events: Sequence[JourneyEvent], rows: RowsToSend) -> Iterator[tuple[JourneyEvent, int]]:
    """Yield each event with its number of rows. Events whose names are in a column become one event for each name."""
    for event in events:
        if event.name_column:
            for name, count in rows.names.items():
                one, several = f"{event.one} `{name}`", f"{event.several} `{name}`"
                yield replace(event, one=one, several=several, names=frozenset({name}), name_column=""), count
        else:
            yield event, int(getattr(rows, event.rows))


def _list_starts(journeys: Sequence[Journey], event: JourneyEvent, count: int) -> Iterator[JourneyStart]:
    for journey in journeys:
        if event.names.intersection(journey.events):
            yield JourneyStart(
                journey.name,
                journey.id,
                event.one if count == 1 else event.several,
                count,
                journey.lifetime_limit,
                journey.simultaneous_limit,
                event.doubt,
            )


def _find_possible(
    journeys: Sequence[Journey], event: JourneyEvent, count: int, rows: RowsToSend
) -> Iterator[PossibleStart]:
    unnamed = tuple(journey.name for journey in journeys if not journey.events)
    if event.rows == "added" or not journeys or not (event.starts == "any" or (event.starts == "unnamed" and unnamed)):
        return
    fields = rows.fields if event.has_fields else ()
    doubt = event.doubt if event.starts == "any" else ""
    yield PossibleStart(event.one if count == 1 else event.several, count, unnamed, fields, doubt)


def _count_entering(journeys: Sequence[Journey], counted: Sequence[tuple[JourneyEvent, int]]) -> int:
    """Return how many rows may enter at least one journey."""
    entering = [(event, count) for event, count in counted if any(_may_start(event, journey) for journey in journeys)]
    # A row has one name, but it can be added and written at the same time.
    by_name = sum(count for event, count in entering if event.starts == "naming")
    removed = max((count for event, count in entering if event.rows == "removed"), default=0)
    others = [count for event, count in entering if event.starts != "naming" and event.rows != "removed"]
    return by_name + removed + max(others, default=0)


def _may_start(event: JourneyEvent, journey: Journey) -> bool:
    if event.starts == "any" or event.names.intersection(journey.events):
        return True
    return event.starts == "unnamed" and not journey.events
