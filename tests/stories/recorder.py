"""An Iterable of the tests' own: it keeps users by e-mail, and lets a test look in before and after each request.

It shares nothing with the sandbox, so that the stories hold against a second reading of the API.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

Hook = Callable[[int], None]


class Recorder:
    """Users by e-mail as Iterable would hold them, and every row that was applied, in order.

    `before` and `after` are called with the number of the bulk request, from 1, before and after it is applied;
    `refused` e-mails come back as invalid data.
    """

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.applied: list[tuple[str, dict[str, Any]]] = []
        self.deleted: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.refused: set[str] = set()
        self.before: Hook = lambda _number: None
        self.after: Hook = lambda _number: None
        self.answer: Callable[[int], tuple[int, bytes] | None] = lambda _number: None
        self.number = 0
        self.lock = threading.Lock()
        self.url = ""

    def bulk_update(self, body: dict[str, Any]) -> dict[str, Any]:
        failed = []
        for user in body["users"]:
            email = user["email"].lower()
            if email in self.refused:
                failed.append(user["email"])
                continue
            data = {name: value for name, value in user["dataFields"].items() if value is not None}
            gone = [name for name, value in user["dataFields"].items() if value is None]
            kept = self.users.setdefault(email, {})
            kept.update(data)
            for name in gone:
                kept.pop(name, None)
            self.applied.append((email, user["dataFields"]))
        arrays = {
            f"{name}{kind}": []
            for name in ("invalid", "notFound", "invalidData", "conflict", "forgotten")
            for kind in ("Emails", "UserIds")
        }
        arrays["invalidDataEmails"] = failed
        return {
            "successCount": len(body["users"]) - len(failed),
            "failCount": len(failed),
            "invalidEmails": [],
            "invalidUserIds": [],
            "createdFields": [],
            "filteredOutFields": [],
            "failedUpdates": arrays,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recorder: ClassVar[Recorder]

    def do_GET(self) -> None:
        self._send(200, json.dumps({"fields": {}}).encode())

    def do_DELETE(self) -> None:
        with self.recorder.lock:
            email = self.path.rsplit("/", 1)[1].replace("%40", "@")
            self.recorder.users.pop(email, None)
            self.recorder.deleted.append(email)
        self._send(200, b'{"msg":"","code":"Success","params":null}')

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        recorder = self.recorder
        with recorder.lock:
            recorder.number += 1
            number = recorder.number
            recorder.bodies.append(body)
            recorder.headers.append(dict(self.headers))
        said = recorder.answer(number)
        if said is not None:
            self._send(*said)
            return
        recorder.before(number)
        with recorder.lock:
            answer = recorder.bulk_update(body)
        recorder.after(number)
        self._send(200, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder that listens on a free port of this machine."""
    recorder = Recorder()
    handler = type("Handler", (_Handler,), {"recorder": recorder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    recorder.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
