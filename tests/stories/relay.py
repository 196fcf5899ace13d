"""A relay before a server that has no hooks: it passes on what comes in, and a test may step in between."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import quote, urlsplit

from tests.reference_iterable.hooks import Hooks
from tests.reference_iterable.replies import Reply, refusal

_PER_HOP = {"connection", "content-length", "transfer-encoding", "date", "server"}


class Relay(Hooks):
    """Passes requests on to `target`. A request that writes and names one of `refused` is refused as a whole."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.refused: set[str] = set()
        self.bodies: list[object] = []  # of requests that write
        self.url = ""
        self._target = urlsplit(target).netloc

    def handle(self, method: str, path: str, headers: dict[str, str], content: bytes) -> Reply | None:
        """The reply, or None where the connection is to be cut without one."""

        def apply(said: Reply | None, number: int) -> Reply:
            if number:
                self.bodies.append(json.loads(content or "null"))
            if said is None and number and self._names_refused(path, content):
                said = refusal(400, "BadParams", "refused by a test")
            return said or self._pass_on(method, path, headers, content)

        return self.call_with_hooks(method, apply)

    def _names_refused(self, path: str, content: bytes) -> bool:
        text = content.decode("utf-8", errors="replace").lower()
        return any(
            json.dumps(name).lower() in text or quote(name, safe="").lower() in path.lower() for name in self.refused
        )

    def _pass_on(self, method: str, path: str, headers: dict[str, str], content: bytes) -> Reply:
        connection = http.client.HTTPConnection(self._target, timeout=30)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in _PER_HOP}
            connection.request(method, path, content or None, kept)
            got = connection.getresponse()
            body = got.read()
            own = {name: value for name, value in got.getheaders() if name.lower() not in {*_PER_HOP, "content-type"}}
            return Reply(got.status, body, got.getheader("Content-Type", ""), own)
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    relay: ClassVar[Relay]

    def _any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.relay.handle(self.command, self.path, dict(self.headers), content)
        if reply is None:
            self.close_connection = True
            return
        try:
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815  the names that http.server looks for

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def relaying(target: str) -> Iterator[Relay]:
    """A relay on a free port of this machine, until the end of the block."""
    relay = Relay(target)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"relay": relay}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    relay.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
