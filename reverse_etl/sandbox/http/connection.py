"""What can become of a connection instead of an answer: waiting, silence, a reset. Knows no request."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import Receive, Scope

# On closing: send a reset at once, whatever is still to be sent.
_RESET: Final = struct.pack("ii", 1, 0)


class Wire:
    """The connections of one server. Whoever waits here lets other requests pass, and goes when the server ends."""

    server: uvicorn.Server

    def __init__(self) -> None:
        self._ended = asyncio.Event()

    def release(self) -> None:
        """The server ends. To be called in its event loop."""
        self._ended.set()

    async def wait(self, seconds: float) -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    async def hold(self, scope: Scope, receive: Receive) -> None:
        """Say nothing until the client leaves or the server ends."""
        waiting = [asyncio.ensure_future(_left(receive)), asyncio.ensure_future(self._ended.wait())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await self.cut(scope, receive)

    async def cut(self, scope: Scope, receive: Receive) -> None:
        """Reset the connection of a request, if it is still there."""
        for connection in list(self.server.server_state.connections):
            transport = connection.transport
            if tuple(transport.get_extra_info("peername")[:2]) == tuple(scope["client"]):
                with suppress(OSError):
                    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                transport.abort()
        await _left(receive)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
