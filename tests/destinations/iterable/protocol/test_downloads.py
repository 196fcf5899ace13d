"""Downloads: private files, links without the key, and bodies that end early or never."""

from __future__ import annotations

import gzip
import stat

import pytest

from reverse_etl.destinations.iterable.protocol import response_body
from reverse_etl.destinations.iterable.protocol.client import HttpClient
from reverse_etl.destinations.iterable.protocol.client_config import ClientConfig, may_follow
from reverse_etl.destinations.request import Endpoint, Request
from reverse_etl.errors import ConfigError
from reverse_etl.secret import Secret
from tests.doubles.delivery_world import KEY
from tests.doubles.raw_server import RawServer

ENDPOINT = Endpoint("GET", "/api/export/1/files", 1)
TEXT = b'{"email":"a@shop.com"}\n' * 1_000
OK = b"HTTP/1.1 200 OK\r\n"


def length(content):
    return b"Content-Length: %d\r\n" % len(content)


def download(answer, path, link=""):
    def speak(server, connection):
        server.say(connection, answer)
        connection.close()

    with RawServer(speak) as server:
        client = HttpClient(ClientConfig(server.url, Secret(KEY), 5.0))
        try:
            request = Request(ENDPOINT, server.url + link if link else "/api/file")
            return client.download(request, path), server.requests
        finally:
            client.close()


def test_a_download_is_a_file_that_only_this_user_can_read(tmp_path):
    path = tmp_path / "file.json"
    reply, requests = download(OK + length(TEXT) + b"\r\n" + TEXT, path)
    assert (reply.status, reply.body, path.read_bytes()) == (200, {}, TEXT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KEY.encode() in requests[0]
    assert [one.name for one in tmp_path.iterdir()] == ["file.json"]


def test_a_compressed_body_is_saved_as_plain_text(tmp_path):
    packed = gzip.compress(TEXT)
    download(OK + length(packed) + b"Content-Encoding: gzip\r\n\r\n" + packed, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == TEXT


def test_a_link_is_followed_without_the_key(tmp_path):
    reply, [request] = download(OK + length(TEXT) + b"\r\n" + TEXT, tmp_path / "file", link="/exports/1?expires=2")
    assert reply.status == 200
    assert request.startswith(b"GET /exports/1?expires=2 ")
    assert KEY.encode() not in request
    assert b"api-key" not in request.lower()


@pytest.mark.parametrize(
    "answer",
    [
        OK + length(TEXT) + b"\r\n" + TEXT[:-1],
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(TEXT)[:-10],
        OK + b"Content-Encoding: gzip\r\n\r\n" + TEXT,
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
    ],
    ids=["length", "gzip", "no gzip", "chunked"],
)
def test_a_body_that_is_cut_off_makes_no_file(tmp_path, answer):
    reply, _ = download(answer, tmp_path / "file")
    assert reply.status == 0
    assert not (tmp_path / "file").exists()


def test_a_body_that_is_too_large_makes_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(response_body, "LARGEST_DOWNLOAD", 1_000)
    packed = gzip.compress(bytes(1_000_000))
    reply, _ = download(OK + b"Content-Encoding: gzip\r\n\r\n" + packed, tmp_path / "file")
    assert reply.status == 0
    assert not (tmp_path / "file").exists()
    assert (tmp_path / "file.part").stat().st_size <= 1_000


def test_a_refusal_is_read_and_saved_nowhere(tmp_path):
    body = b'{"code":"NotFound"}'
    answer = b"HTTP/1.1 404 Not Found\r\n" + length(body) + b"Content-Type: application/json\r\n\r\n" + body
    reply, _ = download(answer, tmp_path / "file")
    assert (reply.status, reply.code, list(tmp_path.iterdir())) == (404, "NotFound", [])


def test_a_folder_that_cannot_be_written_is_an_error_with_its_path(tmp_path):
    with pytest.raises(ConfigError) as raised:
        download(OK + length(TEXT) + b"\r\n" + TEXT, tmp_path / "missing" / "file")
    assert raised.value.code == "file-not-written"


@pytest.mark.parametrize(
    ("link", "base", "followed"),
    [
        ("https://bucket.s3.amazonaws.com/file?X=1", "https://api.iterable.com", True),
        ("http://127.0.0.1:9/exports/1", "http://localhost:8085", True),
        ("http://bucket.s3.amazonaws.com/file", "https://api.iterable.com", False),
        ("http://127.0.0.1:9/exports/1", "https://api.iterable.com", False),
        ("https:///file", "https://api.iterable.com", False),
    ],
)
def test_links_that_are_followed(link, base, followed):
    assert may_follow(link, base) is followed
