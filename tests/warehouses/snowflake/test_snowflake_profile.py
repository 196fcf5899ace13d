"""dbt-snowflake's profile as the connector's arguments: every way of signing in, and what does not fit together."""

from __future__ import annotations

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from reverse_etl.errors import ConfigError, WarehouseError
from reverse_etl.warehouses.snowflake.profile import read_options

BASE = {"type": "snowflake", "account": "my_org-acc", "user": "me", "database": "analytics"}
WITH_PASSWORD = {**BASE, "password": "hush"}
CACHED = {"client_store_temporary_credential": True, "client_request_mfa_token": True}


def access(fields, folder: Path = Path("/project")):
    return read_options(fields, folder)


@pytest.fixture(scope="module")
def keys():
    """The same private key, as DER that is not encrypted, and a function that writes it in another form."""
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def written(encoding: str, passphrase: bytes | None) -> bytes:
        secret = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        return key.private_bytes(getattr(serialization.Encoding, encoding), serialization.PrivateFormat.PKCS8, secret)

    return written("DER", None), written


class TestFields:
    def test_fields_are_the_connectors(self):
        more = {
            "warehouse": "loading",
            "role": "sender",
            "schema": "marts",
            "query_tag": "ours",
            "client_session_keep_alive": True,
            "connect_retries": 3,
            "login_timeout": 5,
            "statement_timeout": 900,
            "insecure_mode": True,
            "proxy_host": "proxy",
            "proxy_port": 8080,
            "threads": 4,
            "reuse_connections": True,
            "something_new": "x",
        }
        found = access({**WITH_PASSWORD, **more})
        options = dict(found.options)
        session = options.pop("session_parameters")
        assert options == {
            "account": "my-org-acc",
            "user": "me",
            "database": "analytics",
            "schema": "marts",
            "warehouse": "loading",
            "role": "sender",
            "proxy_host": "proxy",
            "proxy_port": 8080,
            "login_timeout": 5,
            "network_timeout": 900,
            "client_session_keep_alive": True,
            "platform_detection_timeout_seconds": 0.0,
            "disable_ocsp_checks": True,
            "autocommit": True,
            "paramstyle": "qmark",
            "arrow_number_to_decimal": True,
            "application": "reverse_etl",
        }
        assert (session["QUERY_TAG"], session["STATEMENT_TIMEOUT_IN_SECONDS"]) == ("ours", 900)
        assert (session["TIMEZONE"], session["LOCK_TIMEOUT"]) == ("UTC", 600)
        assert session["ABORT_DETACHED_QUERY"] is True
        assert session["QUOTED_IDENTIFIERS_IGNORE_CASE"] is False
        assert (found.trying.times, found.database, found.grantee) == (3, '"ANALYTICS"', '"SENDER"')

    @pytest.mark.parametrize(
        ("written", "stored"), [("db", '"DB"'), ("Db", '"DB"'), ("my-db", '"my-db"'), ('a"b', '"a""b"')]
    )
    def test_database_is_folded_as_dbt_writes_it(self, written, stored):
        assert access({**WITH_PASSWORD, "database": written}).database == stored

    def test_aliases_are_taken(self):
        found = access({"account": "a", "username": "me", "pass": "hush", "dbname": "db"})
        assert found.signing() == {"password": "hush"}
        assert (found.options["user"], found.database) == ("me", '"DB"')

    def test_role_that_is_not_named_is_said_to_be_the_default(self):
        assert "default role of me" in access(WITH_PASSWORD).grantee

    def test_secrets_are_never_printed(self):
        fields = {**WITH_PASSWORD, "private_key_passphrase": "pssst"}
        found = access(fields)
        assert "hush" not in f"{found!r} {found.public_facts}"
        assert found.without_secrets("wrong: hush, pssst") == "wrong: …, …"

    def test_key_of_several_lines_is_struck_out_however_it_is_broken(self):
        key = "-----BEGIN PRIVATE KEY-----\nMIIabc\nDEFghi+/=\n-----END PRIVATE KEY-----\n"
        found = access({**BASE, "private_key": key})
        for words in (key, " ".join(key.split()), key.replace("\n", ""), key.replace("\n", "\r\n  ")):
            assert found.without_secrets(f"no: {words.strip()}!") == "no: …!"

    def test_platform_is_asked_for_what_it_is_only_where_it_signs_in(self):
        workload = {**BASE, "authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": "AWS"}
        name = "platform_detection_timeout_seconds"
        assert name not in access(workload).options
        assert (
            access({**workload, name: 0.5}).options[name] == access({**WITH_PASSWORD, name: 0.5}).options[name] == 0.5
        )

    @pytest.mark.parametrize("name", ["connect_timeout", "connect_retries", "login_timeout", "statement_timeout"])
    def test_number_that_is_none_is_refused(self, name):
        with pytest.raises(ConfigError) as raised:
            access({**WITH_PASSWORD, name: "soon"})
        assert raised.value.code == "invalid-profile"
        assert name in raised.value.hint


class TestSigningIn:
    @pytest.mark.parametrize(
        ("fields", "arguments"),
        [
            ({"password": "hush"}, {"password": "hush"}),
            ({"authenticator": "externalbrowser"}, {"authenticator": "externalbrowser", **CACHED}),
            (
                {"authenticator": "username_password_mfa", "password": "hush"},
                {"authenticator": "username_password_mfa", "password": "hush", **CACHED},
            ),
            (
                {"authenticator": "https://me.okta.com", "password": "hush"},
                {"authenticator": "https://me.okta.com", "password": "hush", **CACHED},
            ),
            ({"authenticator": "oauth", "token": "t"}, {"authenticator": "oauth", "token": "t"}),
            ({"authenticator": "jwt", "token": "t"}, {"authenticator": "oauth", "token": "t"}),
            (
                {"authenticator": "oauth_authorization_code", "oauth_client_id": "c", "oauth_scope": "s"},
                {
                    "authenticator": "OAUTH_AUTHORIZATION_CODE",
                    "oauth_client_id": "c",
                    "oauth_scope": "s",
                    **CACHED,
                },
            ),
            (
                {"authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": "AWS"},
                {"authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": "AWS"},
            ),
            (
                {"authenticator": "programmatic_access_token", "token": "t"},
                {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": "t"},
            ),
            (
                {"authenticator": "programmatic_access_token", "token": "t", "user": None},
                {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": "t"},
            ),
        ],
    )
    def test_each_way_is_the_connectors(self, fields, arguments):
        assert access({**BASE, **fields}).signing() == arguments

    @pytest.mark.parametrize("passphrase", [None, "open sesame"])
    @pytest.mark.parametrize("form", ["path", "home path", "PEM", "DER"])
    def test_key_may_be_a_file_or_stand_in_the_profile(self, keys, tmp_path, monkeypatch, form, passphrase):
        plain, written = keys
        secret = passphrase.encode() if passphrase else None
        fields = {"private_key_passphrase": passphrase} if passphrase else {}
        if form.endswith("path"):
            monkeypatch.setenv("HOME", str(tmp_path))
            (tmp_path / "key.p8").write_bytes(written("PEM", secret))
            fields["private_key_path"] = "~/key.p8" if form == "home path" else "key.p8"
        elif form == "PEM":
            fields["private_key"] = written("PEM", secret).decode()
        else:
            fields["private_key"] = base64.b64encode(written("DER", secret)).decode()
        signed = access({**BASE, **fields}, tmp_path).signing()
        assert signed == {"authenticator": "SNOWFLAKE_JWT", "private_key": plain}

    @pytest.mark.parametrize(
        "fields",
        [
            {"private_key_path": "missing.p8"},
            {"private_key": "no key at all"},
            {"private_key": base64.b64encode(b"no key").decode()},
            {"private_key_path": "locked.p8"},
            {"private_key_path": "locked.p8", "private_key_passphrase": "wrong one"},
        ],
    )
    def test_unreadable_key_is_refused_without_a_secret(self, keys, tmp_path, fields):
        (tmp_path / "locked.p8").write_bytes(keys[1]("PEM", b"right one"))
        with pytest.raises(ConfigError) as raised:
            access({**BASE, **fields}, tmp_path).signing()
        assert raised.value.code == "private-key-unreadable"
        assert "wrong one" not in f"{raised.value} {raised.value.context}"
        assert raised.value.__suppress_context__

    def test_key_that_only_openssl_reads_is_read_by_it_where_there_is_pyopenssl(self, keys, monkeypatch):
        serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
        plain, _ = keys
        asked = []

        class Loaded:
            def to_cryptography_key(self):
                return serialization.load_der_private_key(plain, None)

        crypto = SimpleNamespace(FILETYPE_PEM=1, load_privatekey=lambda *given: asked.append(given) or Loaded())
        monkeypatch.setitem(sys.modules, "OpenSSL", SimpleNamespace(crypto=crypto))
        old = base64.b64encode(b"of another age").decode()
        fields = {**BASE, "private_key": old, "private_key_passphrase": "open sesame"}
        assert access(fields).signing()["private_key"] == plain
        [(_, pem, passphrase)] = asked
        assert (old.encode() in pem, passphrase) == (True, b"open sesame")
        monkeypatch.setitem(sys.modules, "OpenSSL", None)
        with pytest.raises(ConfigError) as raised:
            access(fields).signing()
        assert "openssl pkcs8 -topk8 -v2 aes256" in raised.value.hint

    @pytest.mark.parametrize(
        ("fields", "code", "said"),
        [
            ({}, "incomplete-profile", "password"),
            ({"account": "", "password": "x"}, "incomplete-profile", "account"),
            ({"database": None, "password": "x"}, "incomplete-profile", "database"),
            ({"user": None, "password": "x"}, "incomplete-profile", "user"),
            ({"authenticator": "oauth"}, "incomplete-profile", "token"),
            ({"authenticator": "WORKLOAD_IDENTITY"}, "incomplete-profile", "workload_identity_provider"),
            ({"private_key": "a", "private_key_path": "b"}, "contradicting-profile", "private_key_path"),
            ({"password": "x", "token": "t"}, "contradicting-profile", "token"),
            (
                {"authenticator": "oauth", "token": "t", "oauth_client_id": "c"},
                "contradicting-profile",
                "oauth_client_id",
            ),
        ],
    )
    def test_what_does_not_fit_together_is_refused(self, fields, code, said):
        with pytest.raises(ConfigError) as raised:
            access({**BASE, **fields})
        assert raised.value.code == code
        assert said in str(raised.value.context)


class Error(Exception):
    pass


class DatabaseError(Error):
    pass


class OperationalError(DatabaseError):
    pass


class BadGatewayError(Error):
    pass


class TestTryingAgain:
    @pytest.mark.parametrize(
        ("fields", "again"),
        [
            ({}, {OperationalError, BadGatewayError}),
            ({"retry_on_database_errors": True}, {OperationalError, BadGatewayError, DatabaseError}),
            ({"retry_all": True}, {OperationalError, BadGatewayError, DatabaseError, Error}),
            ({"authenticator": "externalbrowser"}, {BadGatewayError}),
            ({"authenticator": "username_password_mfa"}, {BadGatewayError}),
        ],
    )
    def test_only_what_dbt_tries_again_and_lost_connections(self, fields, again):
        """Each is named as the connector's own; a wrong password is a DatabaseError to both of its versions."""
        trying = access({**WITH_PASSWORD, **fields}).trying
        errors = (OperationalError(), BadGatewayError(), DatabaseError(), Error(), ValueError())
        assert {type(error) for error in errors if trying.again(error)} == again

    @pytest.mark.parametrize(
        ("fields", "seconds"),
        [({}, 60), ({"authenticator": "externalbrowser"}, 120), ({"login_timeout": 7, "connect_timeout": 1}, 7)],
    )
    def test_person_has_more_time_than_a_network(self, fields, seconds):
        assert access({**WITH_PASSWORD, **fields}).options["login_timeout"] == seconds

    def test_pause_is_that_of_the_profile_or_grows(self):
        trying = access(WITH_PASSWORD).trying
        assert (trying.times, [trying.seconds(number) for number in (1, 2, 3)]) == (1, [1, 4, 9])
        assert access({**WITH_PASSWORD, "connect_timeout": 7}).trying.seconds(2) == 7


@pytest.fixture
def endpoint():
    """An account's endpoint of tokens: what it was asked, and what it answers."""
    asked: list[tuple[str, str, str]] = []
    answers: dict[str, object] = {"access_token": "fresh"}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append((self.path, self.headers["Authorization"], body))
            self.send_response(200 if answers else 401)
            self.end_headers()
            self.wfile.write(json.dumps(answers).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = {"authenticator": "oauth", "token": "refresh-me", "oauth_client_id": "id", "oauth_client_secret": "hush"}
    place = {"protocol": "http", "host": "127.0.0.1", "port": server.server_port}
    yield {**BASE, **client, **place}, asked, answers
    server.shutdown()
    server.server_close()


class TestRefreshing:
    def test_refresh_token_is_changed_for_an_access_token_at_each_connection(self, endpoint):
        fields, asked, _ = endpoint
        found = access(fields)
        assert asked == []
        assert found.signing() == {"authenticator": "oauth", "token": "fresh"}
        ((path, authorization, body),) = asked
        assert path == "/oauth/token-request"
        assert base64.b64decode(authorization.removeprefix("Basic ")) == b"id:hush"
        assert "grant_type=refresh_token&refresh_token=refresh-me" in body

    def test_refused_refresh_is_told_without_a_secret(self, endpoint):
        fields, _, answers = endpoint
        answers.clear()
        with pytest.raises(WarehouseError) as raised:
            access(fields).signing()
        assert raised.value.code == "token-not-renewed"
        assert "hush" not in f"{raised.value} {raised.value.context}"
        assert "refresh-me" not in f"{raised.value} {raised.value.context}"
