"""Journeys: what a destination starts by itself when rows arrive, such as a series of messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Journey:
    """One journey that accepts new users.

    `events` are the names of the events that it starts with; empty if the destination does not say. The limits count
    how often one user can enter it, in total and at the same time; None: no limit is known.
    """

    id: str
    name: str
    events: tuple[str, ...] = ()
    lifetime_limit: int | None = None
    simultaneous_limit: int | None = None


@dataclass(frozen=True)
class JourneyList:
    """The journeys of a destination that accept new users. `unread` says why they could not be read, or is empty."""

    journeys: tuple[Journey, ...] = ()
    unread: str = ""


@dataclass(frozen=True)
class JourneyEvent:
    """Something that rows of a sync do at the destination, and that can start a journey.

    - `one` and `several` name it: `purchase`, `purchases`.
    - `rows`: which rows do it: all that are written, only added ones, or removed ones.
    - `names` are its names in the list of journeys.
    - `name_column` is the label of the field that holds the name of each row's event; then `names` is empty.
    - `starts`: the journeys that it may start: ones that name it, also ones that name no event, or any of them.
    - `doubt` is a sentence that says what the destination does not say; empty: a journey that names it starts.
    - `has_fields`: which fields a row has decides what it starts.
    """

    one: str
    several: str
    rows: Literal["written", "added", "removed"] = "written"
    names: frozenset[str] = frozenset()
    name_column: str = ""
    starts: Literal["naming", "unnamed", "any"] = "unnamed"
    doubt: str = ""
    has_fields: bool = False
