"""Replies that never end, grow without end or make no sense: an attempt ends in time, and says what is known."""

from __future__ import annotations

import gzip
import queue
import socket
import threading
import time
import tracemalloc
import zlib

import pytest

from reverse_etl.destinations.iterable.protocol.client import HttpClient
from reverse_etl.destinations.iterable.protocol.client_config import ClientConfig
from reverse_etl.destinations.iterable.protocol.reply_table import classify_reply
from reverse_etl.destinations.replies import Action
from reverse_etl.destinations.request import Endpoint, Request
from reverse_etl.secret import Secret
from tests.doubles.delivery_world import KEY
from tests.doubles.raw_server import RawServer

POST = Request(Endpoint("POST", "/api/ping", 1), "/api/ping", b'{"a":1}')
TIMEOUT = 0.6
# Far more than an attempt takes, and far less than what drips would.
SOON = 15.0
ENDLESS = b"x" * 100_000
OK = b"HTTP/1.1 200 OK\r\n"
JSON = b'{"successCount":1,"failCount":0}'


def attempt(server, request=POST, url=None, **options):
    """One attempt: the reply and how long it took."""
    began = time.monotonic()
    client = HttpClient(ClientConfig(url or server.url, Secret(KEY), TIMEOUT, **options))
    try:
        return client.send(request), time.monotonic() - began
    finally:
        client.close()


def dripping(*, said: bytes, dripped: bytes):
    def speak(server, connection):
        server.say(connection, said)
        server.drip(connection, dripped)

    return speak


@pytest.mark.parametrize(
    ("said", "dripped"),
    [
        (b"", b"HTTP/1.1 200 " + ENDLESS),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000),
        (OK, b"X-Long: " + ENDLESS),
        (OK, b"X-Short: x\r\n" * 10_000),
        (OK + b"Content-Length: 100000\r\n\r\n", ENDLESS),
        (OK + b"\r\n" + JSON, b" " * 100_000),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 10_000),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 100_000),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n20\r\n" + JSON + b"\r\n0\r\n", b"X-Trailer: x\r\n" * 10_000),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", ENDLESS),
        (b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /else\r\nContent-Length: 100000\r\n\r\n", ENDLESS),
    ],
    ids=["status", "continue", "header", "headers", "body", "blanks", "chunks", "chunk", "trailers", "302", "307"],
)
def test_a_reply_that_drips_ends_with_its_attempt(said, dripped):
    with RawServer(dripping(said=said, dripped=dripped)) as server:
        reply, seconds = attempt(server)
        assert seconds < SOON
        assert len(server.requests) == 1
    assert reply.sent
    assert reply.body is None
    assert classify_reply(reply).action is not Action.SPLIT
    assert (
        classify_reply(reply).applied or classify_reply(reply).action is Action.READ
    )  # and what cannot be read is retried


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", [b"http://[::1", b"/else", b"http://127.0.0.1:1/\xff", b"//", b""])
def test_where_a_redirect_points_is_not_looked_at(status, location):
    def speak(server, connection):
        server.say(connection, b"HTTP/1.1 %d Moved\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (status, location))

    with RawServer(speak) as server:
        reply, _ = attempt(server)
        assert len(server.requests) == 1
    assert (reply.status, classify_reply(reply).action) == (status, Action.STOP)


@pytest.mark.parametrize("status", [b"200 OK", b"302 Found\r\nLocation: /else"])
@pytest.mark.parametrize("length", [b"Content-Length: 1000000000\r\n", b""])
def test_a_gigabyte_is_neither_read_nor_held(status, length):
    def speak(server, connection):
        server.say(connection, b"HTTP/1.1 " + status + b"\r\n" + length + b"\r\n", *[b"y" * 1_000_000] * 1000)

    with RawServer(speak) as server:
        tracemalloc.start()
        reply, _ = attempt(server)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert server.sent < 100_000_000
    assert most < 60_000_000
    assert reply.status in (200, 302)
    assert reply.body is None


def coded(content: bytes, encoding: bytes) -> bytes:
    return OK + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (encoding, len(content)) + content


BOMB = gzip.compress(b"[" + b" " * 500_000_000 + b"]", 1)


@pytest.mark.parametrize(
    ("content", "encoding", "body"),
    [
        (gzip.compress(b'{"a":1}'), b"gzip", {"a": 1}),
        (zlib.compress(b'{"a":1}'), b"deflate", {"a": 1}),
        (b'{"a":1}', b"identity", {"a": 1}),
        (gzip.compress(b'{"a":1}')[:-9], b"gzip", None),
        (b'{"a":1}', b"gzip", None),
        (gzip.compress(gzip.compress(b'{"a":1}')), b"gzip, gzip", None),
        (b'{"a":1}', b"br", None),
        (BOMB, b"gzip", None),
    ],
    ids=["gzip", "deflate", "identity", "cut", "plain", "twice", "unknown", "bomb"],
)
def test_what_is_compressed_is_read_within_bounds(content, encoding, body):
    with RawServer(lambda server, connection: server.say(connection, coded(content, encoding))) as server:
        tracemalloc.start()
        reply, _ = attempt(server)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (reply.status, reply.body) == (200, body)
    assert most < 60_000_000


@pytest.mark.parametrize(
    "said",
    [
        OK + b"X: " + b"y" * 20_000_000 + b"\r\n\r\n",
        OK + b"X: y\r\n" * 100_000 + b"\r\n",
        b"HTTP/1.1 200 " + b"y" * 20_000_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000_000,
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 20_000_000,
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"y" * 20_000_000,
        OK + b"Content-Length: 99999999999999999999999\r\n\r\n",
        b"HTTP/9.9 abc\r\n\r\n",
        b"\x00\xff" * 1000,
        b"\r\n" * 1000,
        b"SSH-2.0-OpenSSH\r\n",
    ],
    ids=[
        "header",
        "headers",
        "status",
        "continue",
        "chunk size",
        "trailer",
        "length",
        "version",
        "noise",
        "empty",
        "other",
    ],
)
def test_what_is_no_reply_is_an_attempt_without_an_answer(said):
    def speak(server, connection):
        server.say(connection, said)
        connection.close()

    with RawServer(speak) as server:
        tracemalloc.start()
        reply, seconds = attempt(server)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert reply.sent
    assert reply.body is None
    assert reply.status in (0, 200)
    assert seconds < SOON
    assert most < 60_000_000


def test_a_request_that_nobody_takes_ends_in_time():
    """The server accepts a connection and reads nothing of four megabytes."""
    large = Request(POST.endpoint, POST.path, b"x" * 40_000_000)
    with RawServer(lambda server, _: server.ended.wait(30) and None, reads=False) as server:
        reply, seconds = attempt(server, large)
    assert (reply.status, reply.sent) == (0, True)
    assert seconds < SOON


@pytest.mark.parametrize("proxied", [False, True])
def test_tls_that_drips_ends_in_time(proxied):
    """The beginning of a handshake, or of what a proxy says before one, byte by byte."""
    text = b"HTTP/1.1 200 " + ENDLESS if proxied else b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + ENDLESS
    with RawServer(lambda server, connection: server.drip(connection, text), reads=False) as server:
        url = f"https://localhost:{server.port}"
        reply, seconds = attempt(server, url=url, **({"proxy": server.url} if proxied else {}))
    assert reply.status == 0
    assert seconds < SOON


def test_a_fault_of_the_client_itself_is_an_attempt_without_an_answer(server, monkeypatch):
    client = HttpClient(ClientConfig(server.url, Secret(KEY), TIMEOUT))
    monkeypatch.setattr(client, "_reply", lambda *_: {}["a"])
    reply = client.send(POST)
    assert (reply.status, reply.sent, reply.error) == (0, True, "KeyError")


def test_a_lookup_of_the_address_that_does_not_end_ends_the_attempt_in_time(monkeypatch):
    """What the lookup finds later is not used: nothing is sent, and the connection is closed."""
    found, released = socket.getaddrinfo, threading.Event()
    received: queue.Queue[bytes] = queue.Queue()

    def slow(*arguments, **options):
        released.wait()
        return found(*arguments, **options)

    def closed(server, connection):
        received.put(connection.recv(1))

    with RawServer(closed, reads=False) as server:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        reply, seconds = attempt(server)
        assert (reply.status, reply.sent) == (0, False)
        assert seconds < SOON
        released.set()
        assert received.get(timeout=SOON) == b""


def test_a_connection_is_used_again_after_a_reply_that_ended_in_time():
    with RawServer(lambda server, one: server.say(one, OK + b"Content-Length: 2\r\n\r\n{}")) as server:
        client = HttpClient(ClientConfig(server.url, Secret(KEY), TIMEOUT))
        assert [client.send(POST).status for _ in range(3)] == [200, 200, 200]
        assert len(server.requests) == 3
