"""A server that takes users and forgets them: it answers at once, so that what is measured is the sender."""

from __future__ import annotations

import socket
import sys
import threading

_FIELDS = b'{"fields":{}}'


def _answer(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    held = b""
    while True:
        while b"\r\n\r\n" not in held:
            more = connection.recv(1 << 18)
            if not more:
                return
            held += more
        head, _, rest = held.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        parts, got = [rest], len(rest)
        while got < length:
            more = connection.recv(1 << 20)
            if not more:
                return
            parts.append(more)
            got += len(more)
        users = b"".join(parts).count(b'"dataFields"')
        body = _FIELDS if head.startswith(b"GET") else b'{"successCount":%d,"failCount":0}' % users
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        held = b""


def main() -> None:
    """Listen on a free port of this machine, print it, and serve until killed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
