"""A server of bare sockets on loopback: it reads a request and then says, byte by byte, what a test sets."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class RawServer:
    """`speak` gets each connection, once a request was read from it (`reads`), and may do what it likes with it.

    `requests` are the requests that were read; `sent` counts the bytes that `say` got rid of. Use as a context manager.
    """

    def __init__(self, speak: Callable[[RawServer, socket.socket], None], *, reads: bool = True):
        self.requests: list[bytes] = []
        self.sent = 0
        self.ended = threading.Event()
        self.asked = threading.Event()
        self._speak = speak
        self._reads = reads
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def say(self, connection: socket.socket, *parts: bytes) -> None:
        for part in parts:
            connection.sendall(part)
            self.sent += len(part)

    def drip(self, connection: socket.socket, text: bytes) -> None:
        """One byte after the other, as long as a client listens."""
        for byte in text:
            self.say(connection, bytes([byte]))
            if self.ended.wait(0.05):
                return

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while self._receive(connection) if self._reads else not self.ended.is_set():
                self._speak(self, connection)

    def _receive(self, connection: socket.socket) -> bool:
        got = b""
        while b"\r\n\r\n" not in got:
            piece = connection.recv(65_536)
            if not piece:
                return False
            got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        while len(body) < (int(found[1]) if found else 0):
            body += connection.recv(65_536)
        self.requests.append(head + b"\r\n\r\n" + body)
        self.asked.set()
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._listener.close()
