"""Where the key may go, how every reply is read, and that the key is never shown."""

from __future__ import annotations

import traceback

import pytest

from reverse_etl.destinations.iterable.protocol.client import HttpClient
from reverse_etl.destinations.iterable.protocol.client_config import ClientConfig, check_client_config
from reverse_etl.destinations.request import Endpoint, Request
from reverse_etl.errors import ConfigError
from reverse_etl.secret import Secret
from tests.doubles.delivery_world import KEY
from tests.doubles.scripted_server import HTML, Answer, Server

PING = Request(Endpoint("GET", "/api/ping", 1), "/api/ping")
POST = Request(Endpoint("POST", "/api/ping", 1), "/api/ping", b'{"a":1}')
REAL = "0123456789abcdef0123456789abcdef"


def access(url="https://api.iterable.com", key=REAL, **options):
    return ClientConfig(url, Secret(key), 60.0, **options)


@pytest.fixture
def send(server):
    def send(answer, request=PING, **options):
        server.script(answer)
        client = HttpClient(access(server.url, KEY), **options)
        try:
            return client.send(request)
        finally:
            client.close()

    return send


@pytest.mark.parametrize(
    "given",
    [
        access(),
        access("https://api.eu.iterable.com"),
        access("HTTPS://API.ITERABLE.COM:443/"),
        access("https://gateway.corp", allow_host="Gateway.corp"),
        access("http://127.0.0.1:8085", KEY),
        access("http://localhost:8085", KEY),
        access("http://[::1]:8085", KEY),
        access("https://localhost", KEY),
    ],
    ids=lambda given: given.base_url,
)
def test_addresses_that_may_have_the_key(given):
    check_client_config(given)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (access("http://api.iterable.com"), "host-not-allowed"),
        (access("https://api.iterable.com.evil.com"), "host-not-allowed"),
        (access("https://evil.com/api.iterable.com"), "host-not-allowed"),
        (access("https://api.iterable.com@evil.com"), "host-not-allowed"),
        (access("https://evil.com@api.iterable.com"), "host-not-allowed"),
        (access("https://evil.com\\@api.iterable.com"), "host-not-allowed"),
        (access("https://api.iterable.com\\.evil.com"), "host-not-allowed"),
        (access("https://api.iterable.com?x=1"), "host-not-allowed"),
        (access("https://api.iterable.com#x"), "host-not-allowed"),
        (access("https://api.iterable.com\n"), "host-not-allowed"),
        (access("https://api.iterable.com:80:90"), "host-not-allowed"),
        (access("https://[api.iterable.com"), "host-not-allowed"),
        (access("https://gateway.corp"), "host-not-allowed"),
        (access("https://gateway.corp", allow_host="other.corp"), "host-not-allowed"),
        (access("http://gateway.corp", allow_host="gateway.corp"), "host-not-allowed"),
        (access("http://gateway.corp", KEY, allow_host="gateway.corp"), "host-not-allowed"),
        (access("http://evil.com\\@localhost", KEY), "host-not-allowed"),
        (access("http://localhost.evil.com", KEY), "host-not-allowed"),
        (access("ftp://localhost", KEY), "host-not-allowed"),
        (access("api.iterable.com"), "host-not-allowed"),
        (access(""), "host-not-allowed"),
        (access("http://127.0.0.1:8085"), "real-key-to-loopback"),
        (access("https://localhost"), "real-key-to-loopback"),
        (access(key=KEY), "sandbox-key-to-iterable"),
        (access(key=REAL + "\n"), "malformed-key"),
        (access(key=" " + REAL), "malformed-key"),
        (access(key=REAL + "\u00e9"), "malformed-key"),
        (access(key=REAL + "\r\nX-Evil: 1"), "malformed-key"),
        (access("http://localhost", KEY + "\x00"), "malformed-key"),
    ],
)
def test_addresses_and_keys_that_are_refused_before_anything_is_opened(given, code):
    with pytest.raises(ConfigError) as caught:
        HttpClient(given)
    assert caught.value.code == code
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.context) + caught.value.hint
    assert given.api_key.reveal().strip() not in shown


def test_a_password_in_the_address_is_not_repeated():
    with pytest.raises(ConfigError) as caught:
        check_client_config(access("https://me:hunter2@api.iterable.com"))
    assert "hunter2" not in f"{caught.value.message}{caught.value.context}{caught.value.hint}"


def test_the_key_and_the_body_travel_as_documented(send, server):
    send(Answer(200, {}), POST)
    [got] = server.requests
    assert (got.method, got.path, got.body) == ("POST", "/api/ping", b'{"a":1}')
    assert got.headers["Api-Key"] == KEY
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["User-Agent"].startswith("reverse-etl/")


def test_a_base_address_with_a_path_keeps_it(server):
    server.script(Answer(200, {}))
    HttpClient(access(server.url + "/proxy/", KEY)).send(PING)
    assert server.requests[0].path == "/proxy/api/ping"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(send, server, status):
    with Server() as other:
        reply = send(Answer(status, b"", {"Location": other.url + "/api/ping"}), POST)
        assert other.requests == []
    assert reply.status == status
    assert len(server.requests) == 1


def test_proxies_and_netrc_of_the_environment_are_not_used(send, server, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Server() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert send(Answer(200, {})).status == 200
        assert proxy.requests == []
    assert "Authorization" not in server.requests[0].headers


def test_a_proxy_that_was_named_is_used():
    with Server() as proxy:
        proxy.script(Answer(200, {}))
        client = HttpClient(access("http://localhost:1", KEY, proxy=proxy.url))
        assert client.send(PING).status == 200
        assert proxy.requests[0].path == "http://localhost:1/api/ping"


@pytest.mark.parametrize(
    ("answer", "body", "text"),
    [
        (Answer(200, b'{"a":[1]}'), {"a": [1]}, ""),
        (Answer(502, HTML, {"Content-Type": "text/html"}), None, ""),
        (Answer(400, b"No user", {"Content-Type": "text/plain; charset=utf-8"}), None, "No user"),
        (Answer(400, b"\xff" * 500, {"Content-Type": "text/plain"}), None, "\ufffd" * 200),
        (Answer(200, b'{"a":'), None, ""),
        (Answer(200, b"[" * 100_000), None, ""),
        (Answer(200, b'{"n": 1e999}'), None, ""),
        (Answer(200, b"\x1f\x8b\x08", {"Content-Encoding": "gzip"}), None, ""),
    ],
)
def test_what_a_body_becomes(send, answer, body, text):
    reply = send(answer)
    assert (reply.body, reply.text) == (body, text)


def test_a_reply_that_is_too_large_is_unreadable(send):
    assert send(Answer(200, b'{"x":"' + b"y" * 10_000_000 + b'"}')).body is None
    assert send(Answer(200, b'{"x":"' + b"y" * 9_000_000 + b'"}')).body is not None


def test_the_request_id_is_kept_and_bounded(send):
    assert send(Answer(200, {}, {"Iterable-Request-Id": "abc"})).request_id == "abc"
    assert len(send(Answer(200, {}, {"iterable-request-id": "x" * 5000})).request_id) == 100


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({}, {}, None),
        ({"Retry-After": "7"}, {}, 7.0),
        ({"Retry-After": "-7"}, {}, 0.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"}, {}, 90.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:01:40 -0000"}, {}, 90.0),
        ({"Retry-After": "Thu, 01 Jan 1970 01:01:40 +0100"}, {}, 90.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, {}, 0.0),
        ({"Retry-After": "Thu, 99 Jan 1970 00:00:00 GMT"}, {}, None),
        ({"Retry-After": "inf"}, {}, None),
        ({"Retry-After": "later"}, {"params": {"rateLimitReset": 2}}, 2.0),
        ({}, {"params": {"rateLimitReset": "2.5"}}, 2.5),
        ({}, {"params": {"rateLimitReset": True}}, None),
        ({}, {"params": {"rateLimitReset": {}}}, None),
        ({}, {"params": []}, None),
        ({"Retry-After": "3"}, {"params": {"rateLimitReset": 2}}, 3.0),
    ],
)
def test_how_long_iterable_asks_to_wait(send, headers, body, wait):
    assert send(Answer(429, body, headers), wall=lambda: 10.0).wait == wait


def test_lost_connections_may_have_carried_the_request(send):
    reply = send(Answer(lost=True), POST)
    assert (reply.status, reply.sent) == (0, True)
    reply = send(Answer(200, b'{"successCount": 1}', cut=5), POST)
    assert (reply.status, reply.sent) == (0, True)


def test_where_nobody_listens_nothing_was_sent(server):
    server.close()
    reply = HttpClient(access(server.url, KEY)).send(POST)
    assert (reply.status, reply.sent) == (0, False)


def test_names_that_do_not_resolve_and_certificates_that_do_not_fit_send_nothing(server):
    nowhere = HttpClient(access("https://gateway.invalid", allow_host="gateway.invalid")).send(POST)
    assert (nowhere.status, nowhere.sent) == (0, False)


def test_no_error_text_of_the_client_holds_the_key(send, server):
    texts = [repr(send(answer, POST)) for answer in (Answer(lost=True), Answer(302), Answer(401, b"no"))]
    server.close()
    texts.append(repr(HttpClient(access(server.url, KEY)).send(POST)))
    assert all(KEY not in text for text in texts)
