"""What a fault can do to a connection instead of a response: wait, stay silent, or reset it."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import Receive, Scope

# SO_LINGER with 0 seconds: closing sends a reset at once, even if data is left to send.
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Connections:
    """The connections of one server. A request that waits here lets others pass, and ends with the server."""

    server: uvicorn.Server

    def __init__(self) -> None:
        self._ended = asyncio.Event()

    def release_all(self) -> None:
        """End all waiting, because the server ends. Call it in the server's event loop."""
        self._ended.set()

    async def wait(self, seconds: float) -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    async def hold(self, scope: Scope, receive: Receive) -> None:
        """Send nothing until the client leaves or the server ends."""
        tasks = [asyncio.ensure_future(_wait_for_disconnect(receive)), asyncio.ensure_future(self._ended.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await self.reset(scope, receive)

    async def reset(self, scope: Scope, receive: Receive) -> None:
        """Reset the connection of a request, if it is still open."""
        for connection in list(self.server.server_state.connections):
            transport = connection.transport
            if tuple(transport.get_extra_info("peername")[:2]) == tuple(scope["client"]):
                with suppress(OSError):
                    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                transport.abort()
        await _wait_for_disconnect(receive)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
