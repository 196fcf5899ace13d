"""A real HTTP server on loopback that gives the answers of a test, and remembers the requests."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HTML = b"<html><head><title>Action not found</title></head><body>nothing here</body></html>"


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """`cut`: close after so many bytes of the body. `lost`: close without a word. `hangs`: never answer."""

    status: int = 200
    body: object = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    lost: bool = False
    hangs: bool = False

    @property
    def content(self):
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def refusal(status, code, params=None, **headers):
    return Answer(status, {"msg": "no", "code": code, "params": params}, headers)


class Server:
    """`answer` gives the Answer to each request; `requests` are in the order of arrival. Use as a context manager."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0, tls: ssl.SSLContext | None = None):
        self.clock = clock
        self.requests: list[Received] = []
        self.answer: Callable[[Received], Answer] = lambda _: Answer(500)
        self._ended = threading.Event()
        self._lock = threading.Condition()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def parse_request(self):
                self.do_GET = self.do_POST = self.do_PUT = self.do_DELETE = lambda: owner.handle(self)
                return super().parse_request()

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        if tls is not None:
            # Hands are shaken in the thread of each connection, so that one that fails holds no other.
            self._http.socket = tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
            )
            self._http.handle_error = lambda *_: None
            self.url = f"https://localhost:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def script(self, *answers):
        """These answers one after another; the last one from then on."""
        left = list(answers)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def handle(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        received = Received(
            handler.command, handler.path, dict(handler.headers), handler.rfile.read(length), self.clock()
        )
        with self._lock:
            self.requests.append(received)
            answer = self.answer(received)
            self._lock.notify_all()
        if answer.hangs:
            self._ended.wait()
        if answer.hangs or answer.lost:
            handler.close_connection = True
            return
        content = answer.content
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        try:
            handler.wfile.write(content[: answer.cut])
            handler.wfile.flush()
        except OSError:
            handler.close_connection = True
        if answer.cut is not None:
            handler.close_connection = True

    def wait_for(self, requests):
        """Wait until so many requests have come and their answers are chosen: a client may give up sooner."""
        with self._lock:
            assert self._lock.wait_for(lambda: len(self.requests) >= requests, timeout=60)

    def close(self):
        if not self._ended.is_set():
            self._ended.set()
            self._http.shutdown()
            self._http.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
