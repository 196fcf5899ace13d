"""A call to a destination: its endpoint, the request, the reply, and who carries them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and path template of the API with its documented limits: requests a second, and in 24 hours if any.

    `setting` names the setting that changes the rate of this endpoint alone.
    """

    method: str
    path: str
    per_second: float
    per_day: int | None = None
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `path` is complete and percent-encoded; `body` is JSON or empty."""

    endpoint: Endpoint
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `status` is 0 where nothing did; then `sent` says whether Iterable may have got the request.

    `body` is the parsed JSON, or None where it was none; `text` is then the beginning of it, if it was plain text.
    `wait` is the seconds that Iterable asked to wait, if it did. `untrusted`: its certificate did not prove who it is.
    """

    status: int
    body: object = None
    wait: float | None = None
    request_id: str = ""
    text: str = ""
    sent: bool = True
    error: str = ""
    untrusted: bool = False

    @property
    def code(self) -> str:
        """The vendor's code, or nothing. On a 4xx it can be `Success`: the status decides."""
        found = self.body.get("code") if isinstance(self.body, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def params(self) -> Mapping[str, object]:
        found = self.body.get("params") if isinstance(self.body, dict) else None
        return found if isinstance(found, dict) else {}


class Client(Protocol):
    """Whoever carries a request to Iterable and brings the reply; never raises for what happens on the way."""

    def send(self, request: Request) -> Reply: ...

    def close(self) -> None: ...


class ApiCaller(Protocol):
    """Whoever asks Iterable something beside the rows: every question is tried again while failures may pass."""

    def ask(self, request: Request, *, once: bool = False, settled: Callable[[Reply], bool] = ...) -> Reply:
        """A reply that is no passing failure. Raises DestinationError where the key or the network fails.

        `once`: what would be made twice is not asked for again where it may have been made; any reply comes back then.
        `settled`: whether a reply can stand, where what it is about was just made; if not, it is asked for again.
        """
