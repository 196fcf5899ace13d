"""The last requests to the API, with what was sent and answered in short, in memory alone. Keeps no key."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import orjson

from reverse_etl.sandbox.http.refused_users import refused_identifiers
from reverse_etl.sandbox.http.replies import Refusal

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.http.replies import Reply

REQUESTS_KEPT: Final = 1000
LONGEST_PAUSE: Final = 10.0
"""Seconds between two requests of one run, when the client does not name its run."""
RUN_MARK: Final = "(run "
"""What follows the client's name in its User-Agent when it names its run: `reverse-etl/0.1.0 (run 4f2a…)`."""
MOST_ITEMS: Final = 20
"""Of an array or an object, more are counted instead of kept."""
MOST_CHARACTERS: Final = 10_000
"""Of a whole body."""
_LONGEST_TEXT: Final = 300
_DEEPEST: Final = 12
# Where a key may stand besides the header, for projects that have an exception.
_KEYS: Final = frozenset({"api_key", "apikey", "api-key"})


@dataclass(frozen=True)
class LoggedRequest:
    """One request: `status` is 0 where nobody was answered, `fault` the fault it met, if any.

    `sent` and `replied` are the bodies, formatted and cut; `path` is decoded and without the query. Requests of one
    `run` belong together, see `RequestLog`. `refused` are the identifiers of users that the reply refused.
    """

    number: int
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
    run: int = 1
    refused: tuple[str, ...] = ()

    @property
    def is_bad(self) -> bool:
        """Whether the request as a whole was refused, or had no answer."""
        return self.status >= 400 or not self.status

    @property
    def is_refused(self) -> bool:
        """Whether all of it or some of its rows were refused."""
        return self.is_bad or bool(self.refused)


class RequestLog:
    """The last REQUESTS_KEPT requests, oldest first, numbered from 1.

    Requests belong to one run while their client calls itself the same. A client that does not name its run begins
    another one after a pause of LONGEST_PAUSE seconds.
    """

    def __init__(self) -> None:
        self._kept: deque[LoggedRequest] = deque(maxlen=REQUESTS_KEPT)
        self._last = 0
        self._runs = 0

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self._kept)

    def __reversed__(self) -> Iterator[LoggedRequest]:
        return reversed(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, number: int) -> LoggedRequest | None:
        """None when there is none of this number, or it is no longer kept."""
        place = number - self._last + len(self._kept) - 1
        return self._kept[place] if 0 <= place < len(self._kept) else None

    def add(self, method: str, call: Call, size: int, reply: Reply, fault: str) -> None:
        self._last += 1
        run = self._run_of(call.client, call.project.clock())
        entry = LoggedRequest(
            number=self._last,
            time=call.project.clock(),
            method=method,
            path=call.path,
            query=urlencode(_without_keys(call.query)),
            status=reply.status,
            bytes=size,
            items=call.items(),
            summary=reply.summary,
            fault=fault,
            sent=_sent(call),
            replied=_replied(reply),
            client=call.client,
            run=run,
            refused=refused_identifiers(call, reply),
        )
        self._kept.append(entry)

    def refused(self, identifiers: Collection[str]) -> list[LoggedRequest]:
        """Return the requests that were refused for a user with one of these identifiers, latest first."""
        wanted = {text.lower() for text in identifiers}
        return [one for one in reversed(self._kept) if any(text.lower() in wanted for text in one.refused)]

    def _run_of(self, client: str, now: float) -> int:
        before = next((one for one in reversed(self._kept) if one.client == client), None)
        if before is not None and (RUN_MARK in client or now - before.time <= LONGEST_PAUSE):
            return before.run
        self._runs += 1
        return self._runs


@dataclass(frozen=True)
class Run:
    """The requests of one run that are still kept, latest first."""

    number: int
    requests: tuple[LoggedRequest, ...]

    @property
    def client(self) -> str:
        return self.requests[0].client

    @property
    def began(self) -> float:
        return self.requests[-1].time

    @property
    def ended(self) -> float:
        return self.requests[0].time

    @property
    def refused(self) -> int:
        return sum(one.is_refused for one in self.requests)


def runs_of(requests: Iterable[LoggedRequest]) -> list[Run]:
    """Return the runs that these requests belong to, latest first. `requests` are oldest first."""
    by_run: dict[int, list[LoggedRequest]] = {}
    for one in requests:
        by_run.setdefault(one.run, []).append(one)
    return [Run(number, tuple(reversed(found))) for number, found in sorted(by_run.items(), reverse=True)]


def _sent(call: Call) -> str:
    if not call.raw:
        return ""
    try:
        return _formatted(call.body)
    except Refusal:
        return _cut(call.raw[: 4 * MOST_CHARACTERS].decode("utf-8", "replace"))


def _replied(reply: Reply) -> str:
    if reply.media_type == "application/json" and reply.body:
        return _formatted(orjson.loads(reply.body))
    return _cut(reply.body[: 4 * MOST_CHARACTERS].decode("utf-8", "replace"))


def _formatted(value: object) -> str:
    return _cut(orjson.dumps(_shortened(value), option=orjson.OPT_INDENT_2).decode("utf-8", "replace"))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "\n…"


def _shortened(value: Any, depth: int = 0) -> Any:
    """The value with so much of it as can be looked at."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}… ({len(value):,} characters)"
    if not isinstance(value, (list, dict)):
        return value
    if depth == _DEEPEST:
        return "…"
    more = f"{len(value) - MOST_ITEMS:,} more"
    if isinstance(value, list):
        shown = [_shortened(item, depth + 1) for item in value[:MOST_ITEMS]]
        return shown if len(value) <= MOST_ITEMS else [*shown, f"… {more}"]
    first = {name: _shortened(value[name], depth + 1) for name in list(value)[:MOST_ITEMS]}
    return _without_keys(first if len(value) <= MOST_ITEMS else {**first, "…": more})


def _without_keys(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "not kept" if name.lower() in _KEYS else value for name, value in members.items()}
