"""A second implementation of Iterable's API: a server on loopback that shares no code with the package.

It stores requests in plain dicts, refuses what the API description says is refused, and notes bad practice.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from tests.reference_iterable.advice import AdviceLog
from tests.reference_iterable.hooks import Hooks
from tests.reference_iterable.project_memory import EMAIL, Memory, Settings
from tests.reference_iterable.replies import ACTION_NOT_FOUND, BODY_TOO_LARGE, Refusal, Reply, bad_json, wrong_key
from tests.reference_iterable.request import Call
from tests.reference_iterable.routes import Route, find_route
from tests.reference_iterable.rules.bodies import parse_body

_ENCODED = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*")


@dataclass(frozen=True)
class Received:
    """One request with the status of its reply. `number` counts requests that write, from 1. Others have 0."""

    number: int
    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes
    body: Any
    status: int


class ReferenceServer(Memory, Hooks):
    """The state of the server, and its hooks.

    `refused` are identifiers (e-mails in small letters, user ids, item and purchase ids) whose rows come back as
    failed. `observations` are requests that the API description advises against. `log` holds all requests, in order.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        Hooks.__init__(self)
        Memory.__init__(self, settings, clock)
        self.refused: set[str] = set()
        # Paths that the key has no right to.
        self.refused_paths: set[str] = set()
        self.log: list[Received] = []
        self.advice_log = AdviceLog()
        # The clock of rates.
        self.monotonic: Callable[[], float] = time.monotonic
        self._applying = threading.Lock()
        self._ids = itertools.count(1)

    @property
    def observations(self) -> list[str]:
        return self.advice_log.observations

    @property
    def bodies(self) -> list[Any]:
        """The bodies of the requests that write, in order."""
        return [one.body for one in self.log if one.number]

    def handle(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> Reply | None:
        """Return the reply, or None if the connection must be closed without a reply."""
        arrived = self.monotonic()
        request = _Request(self, self.advice_log, method, target, headers, content)

        def apply(said: Reply | None, number: int) -> Reply:
            with self._applying:
                reply = said or request.reply(arrived)
                self.log.append(Received(number, method, target, headers, content, request.body, reply.status))
            return reply

        return self.call_with_hooks(method, apply)

    def send_request(self, method: str, target: str, body: object = None) -> Any:
        """Send a request without hooks, log and observations. Return the body of the reply."""
        headers = {"Api-Key": next(iter(self.settings.keys)), "Content-Type": "application/json"}
        content = b"" if body is None else json.dumps(body).encode()
        with self._applying:
            reply = _Request(self, AdviceLog(), method, target, headers, content).reply(0)
        assert reply.status < 300, reply
        return reply.body

    def request_id(self) -> str:
        return f"request-{next(self._ids)}"


class _Request:
    """One request before it reaches an endpoint."""

    def __init__(
        self,
        server: ReferenceServer,
        advice_log: AdviceLog,
        method: str,
        target: str,
        headers: Mapping[str, str],
        content: bytes,
    ) -> None:
        self.server, self.advice_log, self.method, self.target, self.content = (
            server,
            advice_log,
            method,
            target,
            content,
        )
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body: Any = None
        with suppress(ValueError):
            self.body = json.loads(content)

    def reply(self, arrived: float) -> Reply:
        parts = urlsplit(self.target)
        found = find_route(self.method, parts.path)
        if found is None:
            return ACTION_NOT_FOUND
        route, values = found
        self.advice_log.note_arrival(route, arrived)
        try:
            self._check_access(route, parts.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True, errors="strict"))
            self._note_odd_places(parts.path, parts.query, query)
            return route.answer(self._make_call(route, parts.path, {**query, **values}, arrived))
        except Refusal as refused:
            return refused.reply

    def _check_access(self, route: Route, path: str) -> None:
        """Check key, size and JSON of the request. Raises Refusal."""
        key = self.headers.get("api-key") or self.headers.get("api_key")
        if not route.path.startswith("/api/"):
            if key is not None:
                self.advice_log.note(f"key: the API key is sent to {route.path}, a link that needs none")
        elif key not in self.server.settings.keys or path in self.server.refused_paths:
            raise Refusal(wrong_key(path))
        if route.most_bytes is not None and len(self.content) > route.most_bytes:
            raise Refusal(BODY_TOO_LARGE)
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if self.content and kind != "application/json":
            self.advice_log.note(f"type: a body of type {kind or 'unknown'} to {route.key}")
            raise bad_json(path, {"obj": "Expecting application/json"})
        self.body = parse_body(path, self.content, self.advice_log.note)

    def _note_odd_places(self, path: str, query: str, values: Mapping[str, str]) -> None:
        note = self.advice_log.note
        if not _ENCODED.fullmatch(path) or not _ENCODED.fullmatch(query.replace("?", "")):
            note(f"encoding: {path} is not percent-encoded")
        if "api_key" in values or (isinstance(self.body, dict) and "api_key" in self.body):
            note("key: the API key stands outside of the header")
        if self.method == "GET" and self.content:
            note(f"body: a GET of {path} with a body")

    def _make_call(self, route: Route, path: str, values: Mapping[str, str], arrived: float) -> Call:
        advice_log = self.advice_log
        return Call(
            memory=self.server,
            path=path,
            values=values,
            body=self.body,
            refused=self.server.refused,
            note=advice_log.note,
            touch=lambda name: advice_log.note_touch(route, name, arrived),
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server_version = "iterable-ingress"
    reference: ClassVar[ReferenceServer]

    def _handle_any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.reference.handle(self.command, self.path, dict(self.headers), content)
        if reply is None:
            self.close_connection = True
            return
        try:
            self._send(reply)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle_any  # noqa: N815  the names that http.server looks for

    def _send(self, reply: Reply) -> None:
        content = reply.content
        self.send_response(reply.status)
        own = {"Content-Type": reply.content_type, "Iterable-Request-Id": self.reference.request_id()}
        for name, value in {**own, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@contextmanager
def serve_reference(project_type: str = EMAIL, **settings: Any) -> Iterator[ReferenceServer]:
    """Serve on a free port of this machine until the end of the block. `settings` are fields of Settings."""
    reference = ReferenceServer(Settings(project_type, **settings))
    handler = type("Handler", (_Handler,), {"reference": reference})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    reference.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield reference
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
