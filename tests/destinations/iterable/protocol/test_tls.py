"""The key goes to no server whose certificate does not prove that it is Iterable."""

from __future__ import annotations

from contextlib import closing

import pytest
from cryptography import x509

from reverse_etl.delivery.rate_limiter import Time
from reverse_etl.delivery.retrying_caller import RetryingCaller
from reverse_etl.destinations.iterable.protocol.client import HttpClient
from reverse_etl.destinations.iterable.protocol.client_config import ClientConfig
from reverse_etl.destinations.iterable.protocol.replies import IterableReplies
from reverse_etl.destinations.iterable.protocol.reply_table import classify_reply
from reverse_etl.destinations.replies import Action
from reverse_etl.destinations.request import Endpoint, Reply, Request
from reverse_etl.errors import ConfigError, DestinationError
from reverse_etl.secret import Secret
from tests.doubles.certificates import HERE, Certificate
from tests.doubles.scripted_server import Answer, Server
from tests.stories.project import Project

KEY = "sandbox-tls"
POST = Request(Endpoint("POST", "/api/users/update", 1), "/api/users/update", b'{"email":"a@shop.com"}')
AUTHORITY = Certificate.signed(None)
STRANGER = Certificate.signed(None)
GOOD = Certificate.signed(AUTHORITY, *HERE)
# What a client that trusts AUTHORITY must refuse.
BAD = {
    "self-signed": Certificate.signed(None, *HERE),
    "wrong name": Certificate.signed(AUTHORITY, x509.DNSName("api.iterable.com")),
    "no name": Certificate.signed(AUTHORITY),
    "unknown authority": Certificate.signed(STRANGER, *HERE),
    "expired": Certificate.signed(AUTHORITY, *HERE, ends=-1),
    "not valid yet": Certificate.signed(AUTHORITY, *HERE, ends=4),
}


@pytest.fixture
def bundle(tmp_path):
    path = tmp_path / "authority.pem"
    path.write_bytes(AUTHORITY.pem)
    return str(path)


@pytest.fixture
def showing(tmp_path):
    """A server that shows a certificate and answers every request with success."""
    running = []

    def show(certificate: Certificate) -> Server:
        server = Server(tls=certificate.context(tmp_path))
        server.script(Answer(200, {"successCount": 1}))
        running.append(server)
        return server

    yield show
    for server in running:
        server.close()


def send(server: Server, ca_bundle: str | None) -> Reply:
    with closing(HttpClient(ClientConfig(server.url, Secret(KEY), 60, ca_bundle))) as client:
        return client.send(POST)


def test_a_certificate_of_a_trusted_authority_and_the_right_name_is_taken(showing, bundle):
    server = showing(GOOD)
    assert send(server, bundle).status == 200
    assert [received.headers["Api-Key"] for received in server.requests] == [KEY]


@pytest.mark.parametrize("name", BAD)
def test_any_other_certificate_is_refused_before_a_byte_is_sent(showing, bundle, name):
    server = showing(BAD[name])
    reply = send(server, bundle)
    assert (reply.status, reply.sent, reply.error) == (0, False, "SSLError")
    assert server.requests == []


@pytest.mark.parametrize("certificate", [GOOD, BAD["self-signed"]], ids=["private authority", "self-signed"])
def test_without_a_bundle_only_public_authorities_are_trusted(showing, certificate):
    server = showing(certificate)
    reply = send(server, None)
    assert (reply.status, reply.sent, reply.error) == (0, False, "SSLError")
    assert server.requests == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_no_variable_of_a_library_adds_an_authority(showing, bundle, monkeypatch, variable):
    monkeypatch.setenv(variable, bundle)
    server = showing(GOOD)
    assert send(server, None).status == 0
    assert server.requests == []


@pytest.mark.parametrize("name", ["self-signed", "wrong name"])
def test_a_run_sends_nothing_to_such_a_server(showing, bundle, tmp_path, name):
    server = showing(BAD[name])
    meta = {"object": "users", "email": "email"}
    settings = {"ITERABLE_CA_BUNDLE": bundle, "REVERSE_ETL_ATTEMPTS": "1"}
    project = Project.make(tmp_path / "shop", server.url, meta, settings)
    project.sql("CREATE TABLE people AS SELECT 'a@shop.com' AS email, 'A' AS name")
    ended = project.cli("run")
    assert ended.code == 1, ended.out + ended.err
    assert server.requests == []


def test_a_run_sends_everything_to_a_server_with_a_good_certificate(showing, bundle, tmp_path):
    server = showing(GOOD)
    project = Project.make(
        tmp_path / "shop", server.url, {"object": "users", "email": "email"}, {"ITERABLE_CA_BUNDLE": bundle}
    )
    project.sql("CREATE TABLE people AS SELECT 'a@shop.com' AS email, 'A' AS name")
    project.cli("run")
    assert any(b"a@shop.com" in received.body for received in server.requests)


def test_a_certificate_that_does_not_verify_is_asked_once_and_named(showing, bundle):
    server = showing(BAD["self-signed"])
    with closing(HttpClient(ClientConfig(server.url, Secret(KEY), 60, bundle))) as client:
        reply = client.send(POST)
        verdict = classify_reply(reply)
        assert (reply.untrusted, verdict.action, verdict.applied) == (True, Action.STOP, False)
        clock = Time(lambda: 0.0, lambda seconds: pytest.fail(f"waited {seconds} s"), lambda: 0.5)
        with pytest.raises(DestinationError) as caught:
            RetryingCaller(client, IterableReplies(), clock, attempts=5).ask(POST)
    assert caught.value.code == "certificate-not-verified"
    assert "ITERABLE_CA_BUNDLE" in caught.value.hint


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_bundle_that_cannot_be_used_is_a_fault_of_the_configuration(tmp_path, content):
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        HttpClient(ClientConfig("https://api.iterable.com", Secret("real"), 60, str(path)))
    assert caught.value.code == "unusable-ca-bundle"
    assert str(path) in caught.value.message
