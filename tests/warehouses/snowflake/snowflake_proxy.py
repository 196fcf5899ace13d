"""A proxy before the local Snowflake that does what the service may: refuse in its own words, lose replies, be gone."""

from __future__ import annotations

import gzip
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_KEPT = ("content-type", "content-encoding", "authorization", "accept")


@dataclass(frozen=True)
class Asked:
    """One request: its path, and its JSON."""

    path: str
    body: Mapping[str, Any]

    @property
    def sql(self) -> str:
        return str(self.body.get("sqlText", ""))

    @property
    def login(self) -> Mapping[str, Any] | None:
        """What it signs in with."""
        return self.body["data"] if "login-request" in self.path else None


def refused(number: int, words: str, state: str = "42501") -> dict[str, object]:
    """A reply of the service that refuses."""
    data = {"errorCode": f"{number:06}", "sqlState": state}
    return {"data": data, "code": f"{number:06}", "message": words, "success": False}


@dataclass
class Proxy:
    """`before` may answer in place of the server; `lose` breaks some replies off, `gone` leaves requests undone."""

    target: str
    before: Callable[[Asked], dict[str, object] | None] = lambda asked: None
    lose: Callable[[Asked], bool] = lambda asked: False
    gone: Callable[[Asked], bool] = lambda asked: False
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    def answer(self, asked: Asked, raw: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        self.asked.append(asked)
        if fault := self.before(asked):
            return 200, json.dumps(fault).encode()
        made = urllib.request.Request(self.target + asked.path, raw, dict(headers), method="POST")
        try:
            with urllib.request.urlopen(made) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@contextmanager
def between(port: int) -> Iterator[Proxy]:
    """A proxy before the server at a port."""
    proxy = Proxy(f"http://127.0.0.1:{port}")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            text = gzip.decompress(raw) if raw and self.headers.get("Content-Encoding") == "gzip" else raw
            asked = Asked(self.path, json.loads(text) if text else {})
            self.close_connection = True
            if proxy.gone(asked):
                return
            kept = {name: value for name, value in self.headers.items() if name.lower() in _KEPT}
            status, body = proxy.answer(asked, raw, kept)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if proxy.lose(asked) else body)

        do_GET = do_POST  # noqa: N815  # named by the library

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
