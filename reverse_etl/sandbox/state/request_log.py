"""The last requests to the API, in memory only, and the runs that they belong to."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

MAX_REQUESTS: Final = 1000
MAX_PAUSE: Final = 10.0
"""Seconds between two requests of one run, if the client does not name its run."""
RUN_MARK: Final = "(run "
"""What follows the client's name in its User-Agent if it names its run: `reverse-etl/0.1.0 (run 4f2a…)`."""


@dataclass(frozen=True)
class LoggedRequest:
    """One request. `status` is 0 if there was no response, `fault` is the fault it got, if any.

    `sent` and `replied` are the bodies, formatted and shortened. `path` is decoded and has no query.
    `refused` are the identifiers of the users that the response refused.
    The log sets `number`, and the `run` that the request belongs to.
    """

    time: float
    method: str
    path: str
    query: str
    status: int
    bytes: int
    items: int
    summary: str
    fault: str
    sent: str
    replied: str
    client: str = ""
    refused: tuple[str, ...] = ()
    number: int = 0
    run: int = 0

    @property
    def is_bad(self) -> bool:
        """Return whether the whole request was refused, or had no response."""
        return self.status >= 400 or not self.status

    @property
    def is_refused(self) -> bool:
        """Return whether the request or some of its rows were refused."""
        return self.is_bad or bool(self.refused)


class RequestLog:
    """The last MAX_REQUESTS requests, oldest first, numbered from 1.

    Requests with the same User-Agent belong to one run. If the client does not name its run, a new run starts after
    a pause of MAX_PAUSE seconds.
    """

    def __init__(self) -> None:
        self._requests: deque[LoggedRequest] = deque(maxlen=MAX_REQUESTS)
        self._last_number = 0
        self._last_run = 0

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self._requests)

    def __reversed__(self) -> Iterator[LoggedRequest]:
        return reversed(self._requests)

    def __len__(self) -> int:
        return len(self._requests)

    @property
    def next_number(self) -> int:
        """The number of the next request."""
        return self._last_number + 1

    def find(self, number: int) -> LoggedRequest | None:
        """Return a request by its number. None if it does not exist or is no longer in the log."""
        position = number - self._last_number + len(self._requests) - 1
        return self._requests[position] if 0 <= position < len(self._requests) else None

    def add(self, request: LoggedRequest) -> None:
        """Add a request. The log gives it its number and its run."""
        self._last_number += 1
        run = self._find_run(request.client, request.time)
        self._requests.append(replace(request, number=self._last_number, run=run))

    def list_refused(self, identifiers: Collection[str]) -> list[LoggedRequest]:
        """Return the requests that were refused for a user with one of these identifiers, latest first."""
        wanted = {text.lower() for text in identifiers}
        return [one for one in reversed(self._requests) if any(text.lower() in wanted for text in one.refused)]

    def _find_run(self, client: str, now: float) -> int:
        previous = next((one for one in reversed(self._requests) if one.client == client), None)
        if previous is not None and (RUN_MARK in client or now - previous.time <= MAX_PAUSE):
            return previous.run
        self._last_run += 1
        return self._last_run


@dataclass(frozen=True)
class LoggedRun:
    """The requests of one run that are still in the log, latest first."""

    number: int
    requests: tuple[LoggedRequest, ...]

    @property
    def client(self) -> str:
        return self.requests[0].client

    @property
    def started(self) -> float:
        return self.requests[-1].time

    @property
    def ended(self) -> float:
        return self.requests[0].time

    @property
    def refused_count(self) -> int:
        return sum(request.is_refused for request in self.requests)


def group_by_run(requests: Iterable[LoggedRequest]) -> list[LoggedRun]:
    """Return the runs of these requests, latest first. `requests` are oldest first."""
    by_run: dict[int, list[LoggedRequest]] = {}
    for request in requests:
        by_run.setdefault(request.run, []).append(request)
    return [LoggedRun(number, tuple(reversed(members))) for number, members in sorted(by_run.items(), reverse=True)]
