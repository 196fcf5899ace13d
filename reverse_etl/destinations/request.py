"""A call to a destination: its endpoint, the request, the reply, and the client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and path template with its documented limits: requests a second, and in 24 hours if there is a limit.

    `setting` names the setting that changes the rate of only this endpoint.
    """

    method: str
    path: str
    per_second: float
    per_day: int | None = None
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `path` is complete and percent-encoded, or a link to a file; `body` is JSON or empty."""

    endpoint: Endpoint
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply. `status` is 0 if none came; then `sent` says whether the request may have arrived.

    `body` is the parsed JSON, or None if it was not JSON; `text` is then its beginning, if it was plain text.
    `wait` is the seconds that the destination asked to wait. `untrusted`: its certificate did not prove who it is.
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
        """Return the `code` of the body, or nothing. An error may have the code `Success`: the status decides."""
        found = self.body.get("code") if isinstance(self.body, dict) else None
        return found if isinstance(found, str) else ""


class Client(Protocol):
    """Sends a request to the destination once and returns the reply. Every failure on the way is a reply."""

    def send(self, request: Request) -> Reply: ...

    def download(self, request: Request, path: Path) -> Reply:
        """Save the body of a success in a file, and return the reply without it. The request's path may be a link."""

    def close(self) -> None: ...


class ApiCaller(Protocol):
    """Calls the destination's API for other things than rows, such as field types; retries temporary failures."""

    def ask(self, request: Request, *, once: bool = False, settled: Callable[[Reply], bool] = ...) -> Reply:
        """Return the reply, or the last failure with a status. Raises DestinationError if key or network fail.

        `once`: the request creates something, so it is not repeated if it may have been applied; any reply is
        returned then. `settled`: whether a reply is final; a new resource is sometimes not visible everywhere yet.
        """


class FileCaller(ApiCaller, Protocol):
    """An ApiCaller that can also download."""

    def download(self, request: Request, path: Path) -> Reply:
        """Save the body of a success in a file, which is complete as soon as it exists. Return the reply without it.

        Raises DestinationError if key or network fail, and ConfigError if the file cannot be written.
        """
