"""HTTP connections with limits: an attempt ends in time, and a reply has a largest size."""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from types import TracebackType
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError

# Bytes of one reply as they are received, if the deadline does not say otherwise: status line, headers, body, and
# everything between them.
MOST_BYTES = 11_000_000
_current = threading.local()


class Deadline:
    """A context that ends the attempt of this thread after some seconds, in any phase.

    It shuts the connection down, so that connecting to TLS, sending and reading fail at once. `passed`: it did.
    """

    def __init__(self, seconds: float, most_bytes: int = MOST_BYTES) -> None:
        """The time runs from `with` on. `most_bytes` is the largest reply."""
        self.passed = False
        self.most_bytes = most_bytes
        self._seconds, self._ends_at = seconds, 0.0
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def watch(self, connection: HTTPConnection, handle: Any) -> None:
        """Take a socket under the deadline. Raises ConnectTimeoutError if it has passed: nothing was sent yet."""
        # A second handle of the same connection: during the TLS handshake, the first one has no owner.
        copy = socket.fromfd(handle.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        with self._lock:
            self._handles.append(copy)
            passed = self.passed
        if passed:
            handle.close()
            raise ConnectTimeoutError(connection, "the attempt took too long before anything was sent")

    def connect(self, connection: HTTPConnection, make: Callable[[], socket.socket]) -> socket.socket:
        """Return what `make` connects. Raises ConnectTimeoutError in time.

        It waits in another thread, because nothing can end a DNS lookup. A connection that is made later is closed.
        """
        future: Future[socket.socket] = Future()
        threading.Thread(target=_complete, args=(future, make), daemon=True).start()
        wait([future], timeout=max(0.0, self._ends_at - time.monotonic()))
        if not future.done():
            future.add_done_callback(_close)
            raise ConnectTimeoutError(connection, "the connection was not opened in time")
        return future.result()

    def _end(self) -> None:
        with self._lock:
            self.passed = True
            for handle in self._handles:
                with suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Deadline:  # noqa: PYI034  Self is newer than Python 3.10
        _current.deadline = self
        self._ends_at = time.monotonic() + self._seconds
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _current.deadline = None
        with self._lock:
            for handle in self._handles:
                handle.close()
            self._handles = []


def _complete(future: Future[socket.socket], make: Callable[[], socket.socket]) -> None:
    try:
        future.set_result(make())
    except Exception as error:  # noqa: BLE001 - raised in the thread that waits
        future.set_exception(error)


def _close(future: Future[socket.socket]) -> None:
    if future.exception() is None:
        future.result().close()


def _connected(connection: HTTPConnection, make: Callable[[], socket.socket]) -> socket.socket:
    deadline: Deadline | None = getattr(_current, "deadline", None)
    found = make() if deadline is None else deadline.connect(connection, make)
    _watch(connection, found)
    return found


def _watch(connection: HTTPConnection, handle: Any) -> None:
    deadline: Deadline | None = getattr(_current, "deadline", None)
    if deadline is not None and handle is not None:
        deadline.watch(connection, handle)


class _Counted(io.RawIOBase):
    """What a socket gives, up to a number of bytes. Raises HTTPException beyond."""

    def __init__(self, source: io.RawIOBase, most: int) -> None:
        super().__init__()
        self._source = source
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._source.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise http.client.HTTPException("the reply is too large")
        return count

    def fileno(self) -> int:
        return self._source.fileno()

    def close(self) -> None:
        self._source.close()
        super().close()


def _most_bytes() -> int:
    deadline: Deadline | None = getattr(_current, "deadline", None)
    return MOST_BYTES if deadline is None else deadline.most_bytes


class _Response(http.client.HTTPResponse):
    """A response whose parts all have a largest size, including the lines of a chunked body."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fp = io.BufferedReader(_Counted(self.fp.detach(), _most_bytes()))


class _Connection(HTTPConnection):
    """A plain connection under the deadline of its thread."""

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _connected(self, super()._new_conn)

    def request(self, *args: Any, **options: Any) -> None:
        _watch(self, self.sock)  # one that was used before
        super().request(*args, **options)


class _TlsConnection(HTTPSConnection):
    """A connection with TLS under the deadline of its thread."""

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _connected(self, super()._new_conn)

    def request(self, *args: Any, **options: Any) -> None:
        _watch(self, self.sock)
        super().request(*args, **options)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOLS: Mapping[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _TlsPool}
