"""Serves the app on a loopback socket: in a thread for tests, or until a signal for people."""

from __future__ import annotations

import signal
import socket
import threading
import time
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

import uvicorn

from reverse_etl.sandbox.http.app import SandboxApp
from reverse_etl.sandbox.options import SandboxError
from reverse_etl.sandbox.state.project import Clock, Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    from reverse_etl.sandbox.http.connection import Connections
    from reverse_etl.sandbox.options import SandboxOptions

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class RunningSandbox(AbstractContextManager["RunningSandbox"]):
    """A sandbox that listens at `url`. `project` is its state. It ends with its context, or with `stop()`."""

    def __init__(self, options: SandboxOptions, clock: Clock | None = None) -> None:
        self._socket = open_listener(options.host, options.port)
        try:
            self.project = Project(options, clock)
        except BaseException:
            self._socket.close()
            raise
        self.url = _format_url(self._socket)
        app = SandboxApp(self.project)
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config, app.connections)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)
        if not self._server.started:
            self._socket.close()
            self.project.close()
            raise SandboxError(f"the sandbox's server did not start at {self.url}")

    def stop(self) -> None:
        """Answer the requests that have arrived, then end. A second call does nothing."""
        if not self._server.should_exit:
            self._server.should_exit = True
            self._thread.join()
            self._socket.close()
            self.project.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(uvicorn.Server):
    """A server that first ends the requests held by a fault, then waits for the others."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections
        connections.server = self

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._connections.release_all()
        await super().shutdown(sockets)


def serve_until_signal(options: SandboxOptions, announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM, then restore the signal handlers of the process."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    handlers = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        with RunningSandbox(options) as sandbox:
            announce(sandbox.url)
            ended.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket that already queues connections. Raises OSError if the port is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host.strip("[]"), port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _format_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
