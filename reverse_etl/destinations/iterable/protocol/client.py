"""The only file that opens a connection to Iterable. A call is one attempt, without retries and redirects."""

from __future__ import annotations

import email.utils
import math
import os
import re
import ssl
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timezone
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import requests.adapters
import requests.exceptions
import urllib3.exceptions

from reverse_etl.destinations.iterable.protocol.bounded_http import POOLS, Deadline
from reverse_etl.destinations.request import Reply, Request
from reverse_etl.errors import ConfigError
from reverse_etl.secret import Secret
from reverse_etl.version import __version__

_LARGEST_REPLY = 10_000_000  # bytes of a body, also once it is decompressed
_GZIP_OR_ZLIB = 47  # zlib's number for: find out from the first bytes which of the two it is
_PIECE = 65_536
_LONGEST_TEXT = 200
_REFUSED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOSTS = ("api.iterable.com", "api.eu.iterable.com")
_PLAIN_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?", re.IGNORECASE)


@dataclass(frozen=True)
class ClientConfig:
    """Address, key and limits of a client. `timeout` is the seconds that one attempt may take in total.

    `run` is the id of the invocation, if there is one.
    """

    base_url: str
    api_key: Secret
    timeout: float
    ca_bundle: str | None = None
    proxy: str | None = None
    allow_host: str | None = None
    run: str = ""

    @property
    def user_agent(self) -> str:
        """Return name and version, with the id of the invocation, so that its requests can be found."""
        name = f"reverse-etl/{__version__}"
        return f"{name} (run {self.run})" if self.run else name


def check_client_config(config: ClientConfig) -> None:
    """Raise ConfigError if the key must not go to this address. The error does not show the key."""
    if config.api_key.has_odd_characters():
        raise ConfigError(
            "malformed-key",
            "the API key holds blanks, control characters or letters outside ASCII",
            context={"variable": "ITERABLE_API_KEY"},
            hint="Set ITERABLE_API_KEY again, without a line break at its end.",
        )
    scheme, host = _address(config.base_url)
    sandbox_key = config.api_key.reveal().startswith("sandbox-")
    if host in _LOOPBACK:
        if not sandbox_key:
            raise ConfigError(
                "real-key-to-loopback",
                f"a key that does not begin with `sandbox-` would be sent to {host}",
                context={"host": host, "variables": "ITERABLE_API_KEY, ITERABLE_BASE_URL"},
                hint="Use a key such as `sandbox-anything` for a local Iterable.",
            )
    elif scheme != "https" or host not in (*_HOSTS, (config.allow_host or "").lower() or None):
        raise _not_allowed(f"`{scheme}://{host}`")
    elif sandbox_key:
        raise ConfigError(
            "sandbox-key-to-iterable",
            f"a key that begins with `sandbox-` would be sent to {host}",
            context={"host": host, "variables": "ITERABLE_API_KEY, ITERABLE_BASE_URL"},
            hint="Set ITERABLE_API_KEY to a server-side key of the project, or ITERABLE_BASE_URL to the sandbox.",
        )


def check_bundle(path: str | None) -> None:
    """Raise ConfigError if the file of certificates cannot be used."""
    if path is None:
        return
    try:
        # A folder of hashed certificates is allowed too.
        is_folder = os.path.isdir(path)  # noqa: PTH112  as requests asks it
        ssl.create_default_context(cafile=None if is_folder else path, capath=path if is_folder else None)
    except OSError as error:  # ssl.SSLError is one
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "it holds no PEM certificates"
        raise ConfigError(
            "unusable-ca-bundle",
            f"the certificates in {path} cannot be read: {reason}",
            context={"file": path, "variable": "ITERABLE_CA_BUNDLE, or `ca_bundle` in reverse_etl.yml"},
            hint="Name a PEM file with the certificate of the authority that signed the server's certificate.",
        ) from error


def _address(base_url: str) -> tuple[str, str]:
    """Return scheme and host. An address that two URL parsers could read differently is refused."""
    if not _PLAIN_URL.fullmatch(base_url):
        raise _not_allowed("an address with anything but scheme, host, port and path")
    parts = urlsplit(base_url)
    return parts.scheme.lower(), (parts.hostname or "").lower()


def _not_allowed(what: str) -> ConfigError:
    return ConfigError(
        "host-not-allowed",
        f"an Iterable key must not go to {what}",
        context={"allowed": ", ".join(f"https://{name}" for name in _HOSTS)},
        hint="Set ITERABLE_REGION to us or eu, or ITERABLE_BASE_URL to one of the allowed addresses.",
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
            try:
                return self._attempt(request, deadline)
            except requests.exceptions.RequestException as error:
                sent, untrusted = _may_have_arrived(error), _is_untrusted(error)
                return Reply(0, sent=sent, error=_name_of(error, deadline), untrusted=untrusted)
            except Exception as error:  # noqa: BLE001  a fault of the client says nothing of what Iterable did
                return Reply(0, sent=True, error=_name_of(error, deadline))

    def _attempt(self, request: Request, deadline: Deadline) -> Reply:
        response = self._session().request(
            request.endpoint.method,
            self._config.base_url.rstrip("/") + request.path,
            data=request.body or None,
            timeout=(self._config.timeout, self._config.timeout),
            allow_redirects=False,
            stream=True,
        )
        with response:
            return self._reply(response, deadline)

    def close(self) -> None:
        """Close all connections."""
        for session in self._sessions:
            session.close()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = _Session()
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Adapter())
            session.trust_env = False  # proxies, netrc and CA variables could redirect the key
            session.headers.update(
                {
                    "Api-Key": self._config.api_key.reveal(),
                    "Accept-Encoding": "gzip",
                    "Content-Type": "application/json",
                    "User-Agent": self._config.user_agent,
                }
            )
            session.verify = self._config.ca_bundle or True
            if self._config.proxy:
                session.proxies = {"https": self._config.proxy, "http": self._config.proxy}
            self._local.session = session
            self._sessions.append(session)
        return session

    def _reply(self, response: requests.Response, deadline: Deadline) -> Reply:
        content = _content(response)
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


def _content(response: requests.Response) -> bytes:
    """Return the body, or nothing if it is too large or cannot be decompressed: such a reply is unreadable."""
    content = bytearray()
    for piece in response.raw.stream(_PIECE, decode_content=False):
        content += piece
        if len(content) > _LARGEST_REPLY:
            response.raw.close()
            return b""
    return _decompressed(bytes(content), response.headers.get("Content-Encoding", "").strip().lower())


def _decompressed(content: bytes, encoding: str) -> bytes:
    """Return the decompressed body, up to a limit: a few kilobytes can hold gigabytes."""
    if encoding in ("", "identity"):
        return content
    if encoding not in ("gzip", "deflate"):
        return b""
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = decoder.decompress(content, _LARGEST_REPLY + 1)
    except zlib.error:
        return b""
    return plain if decoder.eof and len(plain) <= _LARGEST_REPLY else b""


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
