"""A proxy before the local BigQuery that does what the service may: lose replies, refuse, know a job's id already."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request: its method and path, and its JSON."""

    method: str
    path: str
    body: dict[str, Any]

    @property
    def job(self) -> str | None:
        """The id of the job that it would begin."""
        begins = self.method == "POST" and self.path.partition("?")[0].endswith("/jobs")
        return self.body["jobReference"]["jobId"] if begins else None

    @property
    def configuration(self) -> dict[str, Any]:
        return self.body["configuration"]


# What becomes of a request instead: a status and a reason, or nothing.
Fault = tuple[int, str, str]


@dataclass
class Proxy:
    """`before` may answer in place of the server; `lose` says which request loses its reply."""

    target: str
    before: Callable[[Asked], Fault | None] = lambda asked: None
    lose: Callable[[Asked], bool] = lambda asked: False
    asked: list[Asked] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def jobs(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.job]

    def answer(self, asked: Asked, raw: bytes, headers: dict[str, str]) -> tuple[int, bytes] | None:
        """Status and body, None where nothing is answered."""
        self.asked.append(asked)
        if asked.job in self.known:
            return refusal(409, "duplicate", f"Already Exists: Job p:US.{asked.job}")
        if fault := self.before(asked):
            return refusal(*fault)
        if asked.job:
            self.known.add(asked.job)
        made = urllib.request.Request(self.target + asked.path, raw or None, headers, method=asked.method)
        try:
            with urllib.request.urlopen(made) as reply:
                found = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            found = error.code, error.read()
        return None if self.lose(asked) else found


def refusal(status: int, reason: str, words: str) -> tuple[int, bytes]:
    error = {"code": status, "message": words, "errors": [{"reason": reason, "message": words}]}
    return status, json.dumps({"error": error}).encode()


def serve(proxy: Proxy) -> ThreadingHTTPServer:
    """A server that is to be shut down."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {name: value for name, value in self.headers.items() if name.lower() == "content-type"}
            asked = Asked(self.command, self.path, json.loads(raw) if raw else {})
            answered = proxy.answer(asked, raw, kept)
            if answered is None:
                self.close_connection = True
                return
            status, body = answered
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  # named by the library

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
