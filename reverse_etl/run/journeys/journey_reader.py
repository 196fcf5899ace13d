"""Reads the journeys of destinations, each destination once for a command."""

from __future__ import annotations

from reverse_etl.destinations.journeys import JourneyList
from reverse_etl.destinations.request import ApiCaller
from reverse_etl.errors import DestinationError
from reverse_etl.run.runnable_sync import RunnableSync


class JourneyReader:
    """The journeys of each destination that was asked for them. A failure is part of the result.

    Raises DestinationError only if the command was interrupted.
    """

    def __init__(self) -> None:
        """No destination was asked yet."""
        self._lists: dict[str, JourneyList] = {}

    def read(self, runnable: RunnableSync, caller: ApiCaller) -> JourneyList | None:
        """Return the journeys that accept users where the sync sends. None if its rows can start no journey."""
        if not runnable.bound.journey_events:
            return None
        name = runnable.destination.name
        if name not in self._lists:
            self._lists[name] = _ask(runnable, caller)
        return self._lists[name]


def _ask(runnable: RunnableSync, caller: ApiCaller) -> JourneyList:
    try:
        return runnable.vendor.read_journeys(caller)
    except DestinationError as error:
        if error.code == "interrupted":
            raise
        return JourneyList(unread=error.message)
