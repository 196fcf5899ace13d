"""The only file that opens a connection to Iterable. A call is one attempt, without retries and redirects."""

from __future__ import annotations

import email.utils
import math
import threading
import time
from collections.abc import Callable
from datetime import timezone
from pathlib import Path
from typing import Any

import orjson
import requests
import requests.adapters
import requests.exceptions
import urllib3.exceptions

from reverse_etl.destinations.iterable.protocol.bounded_http import POOLS, Deadline
from reverse_etl.destinations.iterable.protocol.client_config import (
    ClientConfig,
    check_bundle,
    check_client_config,
    may_follow,
)
from reverse_etl.destinations.iterable.protocol.private_file import write_private_file
from reverse_etl.destinations.iterable.protocol.response_body import LARGEST_DOWNLOAD, read_body, write_body
from reverse_etl.destinations.request import Reply, Request
from reverse_etl.errors import ReverseEtlError

_LONGEST_TEXT = 200
# Seconds that a download may take in total. It also ends if nothing arrives for as long as an attempt may take.
_DOWNLOAD_SECONDS = 900.0
_REFUSED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)


class _Adapter(requests.adapters.HTTPAdapter):
    """Bounded connections, to Iterable and to a proxy."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager


class _Session(requests.Session):
    """A session that ignores redirects: to follow one, it would read the whole body."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        del resp


class HttpClient:
    """Iterable over HTTP. Safe for several threads: each has a connection of its own."""

    def __init__(self, config: ClientConfig, wall: Callable[[], float] = time.time) -> None:
        """Raises ConfigError if the key must not go to that address. `wall` is seconds since 1970."""
        check_client_config(config)
        check_bundle(config.ca_bundle)
        self._config = config
        self._wall = wall
        self._local = threading.local()
        self._sessions: list[requests.Session] = []

    def send(self, request: Request) -> Reply:
        """Make one attempt, of `timeout` seconds at most. Every failure becomes a Reply."""
        with Deadline(self._config.timeout) as deadline:
            return self._attempt(request, deadline, lambda response: self._reply(response, deadline))

    def download(self, request: Request, path: Path) -> Reply:
        """Save the body of a success in a file that only this user can read. Every failure becomes a Reply.

        The path of the request may be a link; the key is not sent there. Raises ConfigError if the file cannot be
        written.
        """
        with Deadline(_DOWNLOAD_SECONDS, LARGEST_DOWNLOAD) as deadline:
            return self._attempt(request, deadline, lambda response: self._save(response, path, deadline))

    def _attempt(self, request: Request, deadline: Deadline, read: Callable[[requests.Response], Reply]) -> Reply:
        try:
            with self._open(request) as response:
                return read(response)
        except ReverseEtlError:
            raise
        except requests.exceptions.RequestException as error:
            sent, untrusted = _may_have_arrived(error), _is_untrusted(error)
            return Reply(0, sent=sent, error=_name_of(error, deadline), untrusted=untrusted)
        except Exception as error:  # noqa: BLE001  a fault of the client says nothing of what Iterable did
            return Reply(0, sent=True, error=_name_of(error, deadline))

    def _open(self, request: Request) -> requests.Response:
        """Return the response, whose body was not read yet."""
        is_link = request.path.startswith(("http://", "https://"))
        if is_link and not may_follow(request.path, self._config.base_url):
            raise requests.exceptions.InvalidURL
        return self._session(with_key=not is_link).request(
            request.endpoint.method,
            request.path if is_link else self._config.base_url.rstrip("/") + request.path,
            data=request.body or None,
            timeout=(self._config.timeout, self._config.timeout),
            allow_redirects=False,
            stream=True,
        )

    def _save(self, response: requests.Response, path: Path, deadline: Deadline) -> Reply:
        """Save the body of a success under its name once it is complete. Other replies are read as always."""
        if response.status_code != 200:
            return self._reply(response, deadline)
        part = path.with_name(f"{path.name}.part")
        with write_private_file(part) as write:
            is_whole = write_body(response, write)
        if deadline.passed or not is_whole:
            return Reply(0, sent=True, error=_name_of(EOFError(), deadline))
        part.replace(path)
        return Reply(200, {}, request_id=response.headers.get("Iterable-Request-Id", "")[:100])

    def close(self) -> None:
        """Close all connections."""
        for session in self._sessions:
            session.close()

    def _session(self, *, with_key: bool) -> requests.Session:
        """Return the session of this thread: one for Iterable, another one for links."""
        name = "session" if with_key else "link_session"
        session: requests.Session | None = getattr(self._local, name, None)
        if session is None:
            session = self._new_session()
            if with_key:
                session.headers.update({"Api-Key": self._config.api_key.reveal(), "Content-Type": "application/json"})
            setattr(self._local, name, session)
        return session

    def _new_session(self) -> requests.Session:
        session = _Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter())
        session.trust_env = False  # proxies, netrc and CA variables could redirect the key
        session.headers.update({"Accept-Encoding": "gzip", "User-Agent": self._config.user_agent})
        session.verify = self._config.ca_bundle or True
        if self._config.proxy:
            session.proxies = {"https": self._config.proxy, "http": self._config.proxy}
        self._sessions.append(session)
        return session

    def _reply(self, response: requests.Response, deadline: Deadline) -> Reply:
        content = read_body(response)
        # A body that was cut off may look whole.
        content = b"" if deadline.passed else content
        body: object = None
        text = ""
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError:
            if "text/plain" in response.headers.get("Content-Type", ""):
                text = content[:_LONGEST_TEXT].decode("utf-8", "replace")
        request_id = response.headers.get("Iterable-Request-Id", "")[:100]
        return Reply(response.status_code, body, self._wait(response, body), request_id, text)

    def _wait(self, response: requests.Response, body: object) -> float | None:
        """Return the seconds to wait, from Retry-After (a number or a date), else from the token bucket's figure."""
        header = response.headers.get("Retry-After", "")
        params = body.get("params") if isinstance(body, dict) else None
        reset = params.get("rateLimitReset") if isinstance(params, dict) else None
        for found in (header, reset):
            seconds = self._seconds(found)
            if seconds is not None and math.isfinite(seconds):
                return max(0.0, seconds)
        return None

    def _seconds(self, found: object) -> float | None:
        try:
            if isinstance(found, str) and "," in found:
                date = email.utils.parsedate_to_datetime(found)
                # The standard reads `-0000` as a time without a zone. It is UTC anyway.
                utc = date if date.tzinfo is not None else date.replace(tzinfo=timezone.utc)
                return utc.timestamp() - self._wall()
            return float(found) if isinstance(found, (int, float, str)) and not isinstance(found, bool) else None
        except (TypeError, ValueError, OverflowError):
            return None


def _name_of(error: Exception, deadline: Deadline) -> str:
    return "DeadlineExceeded" if deadline.passed else type(error).__name__


def _is_untrusted(error: Exception) -> bool:
    """Return whether the certificate does not prove that this is Iterable; another try would find the same one."""
    return isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)


def _may_have_arrived(error: requests.exceptions.RequestException) -> bool:
    """Return whether Iterable may have received the request: not without a connection, or without TLS."""
    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError)):
        return False
    if isinstance(error, requests.exceptions.SSLError):
        return not _is_untrusted(error)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader)):
        return False
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return not isinstance(reason, _REFUSED)
