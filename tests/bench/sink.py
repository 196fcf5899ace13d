"""A server that takes rows and forgets them, so that only the sender is measured: `python -m tests.bench.sink [DELAY]`.

It answers after DELAY seconds, by default at once. `GET /counts` returns what it got since the last such call.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field

_ROW = b'"dataFields"'
_NO_FIELDS = b'{"fields":{}}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_SECOND = 1.0


@dataclass
class Counts:
    """What was posted. `busiest_second` is the most requests that came within one second."""

    requests: int = 0
    rows: int = 0
    bytes: int = 0
    busiest_second: int = 0
    _recent: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rows: int, size: int) -> None:
        now = time.monotonic()
        with self._lock:
            self.requests += 1
            self.rows += rows
            self.bytes += size
            self._recent.append(now)
            while self._recent[0] <= now - _SECOND:
                self._recent.popleft()
            self.busiest_second = max(self.busiest_second, len(self._recent))

    def take(self) -> bytes:
        """The figures as JSON; they begin again at 0."""
        with self._lock:
            names = ("requests", "rows", "bytes", "busiest_second")
            taken = {name: getattr(self, name) for name in names}
            for name in names:
                setattr(self, name, 0)
        return json.dumps(taken).encode()


def _reply(head: bytes, body: bytes, counts: Counts, delay: float) -> bytes:
    if head.startswith(b"GET /counts "):
        return counts.take()
    if head.startswith(b"GET"):
        return _NO_FIELDS
    rows = body.count(_ROW)
    counts.add(rows, len(body))
    time.sleep(delay)
    return b'{"successCount":%d,"failCount":0}' % rows


def _serve(connection: socket.socket, counts: Counts, delay: float) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    held = b""
    while True:
        while b"\r\n\r\n" not in held:
            more = connection.recv(1 << 18)
            if not more:
                return
            held += more
        head, _, rest = held.partition(b"\r\n\r\n")
        names = (line.partition(b":") for line in head.split(b"\r\n"))
        length = next((int(value) for name, _, value in names if name.lower() == b"content-length"), 0)
        parts, got = [rest], len(rest)
        while got < length:
            more = connection.recv(1 << 20)
            if not more:
                return
            parts.append(more)
            got += len(more)
        reply = _reply(head, b"".join(parts), counts, delay)
        connection.sendall(_HEAD % (len(reply), reply))
        held = b""


def main() -> None:
    """Listen on a free port of this machine, print it, and serve until killed."""
    counts, delay = Counts(), float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_serve, args=(connection, counts, delay), daemon=True).start()


if __name__ == "__main__":
    main()
