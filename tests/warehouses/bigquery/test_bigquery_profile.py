"""What dbt-bigquery's profile says, and who is signed in by it."""

from __future__ import annotations

import base64
import json
import sys
import time

import pytest

from reverse_etl.errors import ConfigError
from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from reverse_etl.warehouses.bigquery.credentials import client_of, find_tokens
from reverse_etl.warehouses.bigquery.profile import SCOPES, read_options

ACCOUNT = "runner@shop.iam.gserviceaccount.com"
OAUTH = {"method": "oauth", "project": "shop", "dataset": "marts"}


@pytest.fixture(scope="module")
def keyfile() -> dict[str, str]:
    """The key of a service account that there is not."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {
        "type": "service_account",
        "project_id": "paying",
        "private_key_id": "a-key-id-of-some-length",
        "private_key": pem,
        "client_email": ACCOUNT,
        "token_uri": "https://oauth2.googleapis.com/token",
    }


def refused(fields: dict[str, object]) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        read_options(fields)
    return raised.value


def test_fields_mean_what_they_mean_to_dbt():
    access = read_options(
        {
            "method": "oauth",
            "database": "shop",
            "schema": "marts",
            "type": "bigquery",
            "threads": 4,
            "execution_project": "paying",
            "quota_project": "billed",
            "location": "EU",
            "priority": "batch",
            "maximum_bytes_billed": "1000",
            "reservation": "projects/paying/locations/EU/reservations/nightly",
            "retries": 3,
            "timeout_seconds": 60,
            "job_creation_timeout_seconds": 5,
            "job_retry_deadline_seconds": 90,
            "scopes": ["a"],
            "impersonate_service_account": ACCOUNT,
        }
    )
    assert (access.project, access.execution_project, access.quota_project) == ("shop", "paying", "billed")
    assert (access.location, access.scopes, access.impersonate) == ("EU", ("a",), ACCOUNT)
    rules = access.rules
    assert (rules.priority, rules.maximum_bytes_billed, rules.retries) == ("BATCH", 1000, 3)
    assert rules.reservation == "projects/paying/locations/EU/reservations/nightly"
    assert (rules.execution_timeout, rules.creation_timeout, rules.retry_deadline) == (60, 5, 90)


def test_defaults_are_those_of_dbt():
    access = read_options(OAUTH)
    assert (access.execution_project, access.scopes, access.rules.priority) == ("shop", SCOPES, "INTERACTIVE")
    assert (access.rules.retries, access.rules.maximum_bytes_billed) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({}, "unknown-sign-in", "no `method`"),
        ({"method": "password"}, "unknown-sign-in", "`password`"),
        ({"method": "external-oauth-wif"}, "incomplete-profile", "`token_endpoint`"),
        ({"method": "external-oauth-wif", "token_endpoint": {"type": "okta"}}, "wrong-profile-field", "`entra`"),
        ({"method": "external-oauth-wif", "token_endpoint": {"type": "entra"}}, "incomplete-profile", "request_url"),
        ({"method": "service-account"}, "incomplete-profile", "`keyfile`"),
        ({"method": "service-account-json"}, "incomplete-profile", "`keyfile_json`"),
        ({"method": "oauth-secrets"}, "incomplete-profile", "`token` or `refresh_token`"),
        ({"method": "oauth-secrets", "refresh_token": "hush"}, "incomplete-profile", "`client_id` and"),
        ({"method": "oauth", "priority": "high"}, "wrong-profile-field", "`priority`"),
        ({"method": "oauth", "maximum_bytes_billed": "1 GB"}, "wrong-profile-field", "`maximum_bytes_billed`"),
        ({"method": "oauth", "job_retries": True}, "wrong-profile-field", "`job_retries`"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(fields, code, named):
    error = refused({"project": "shop", **fields})
    assert error.code == code
    assert named in error.message
    assert "hush" not in f"{error.message} {error.context} {error.hint}"


def test_key_file_is_relative_to_the_dbt_project(tmp_path, keyfile):
    (tmp_path / "key.json").write_text(json.dumps(keyfile))
    access = read_options({"method": "service-account", "keyfile": "key.json", "project": "shop"})
    client = client_of(access, tmp_path)
    assert client._credentials.service_account_email == ACCOUNT
    assert (client.project, set(client._credentials.scopes)) == ("shop", set(SCOPES))


@pytest.mark.parametrize("form", ["mapping", "text", "base64", "escaped"])
def test_key_may_stand_in_the_profile(tmp_path, keyfile, form):
    text = json.dumps(keyfile)
    said = {
        "mapping": keyfile,
        "text": text,
        "base64": base64.b64encode(text.encode()).decode(),
        "escaped": {**keyfile, "private_key": keyfile["private_key"].replace("\n", "\\n")},
    }[form]
    client = client_of(read_options({"method": "service-account-json", "keyfile_json": said}), tmp_path)
    assert client._credentials.service_account_email == ACCOUNT
    assert client.project == "paying"


def test_refresh_token_and_impersonation_and_quota(tmp_path):
    fields = {"method": "oauth-secrets", "project": "shop", "refresh_token": "r", "client_id": "c"}
    fields |= {"client_secret": "s", "token_uri": "https://oauth2.googleapis.com/token", "execution_project": "paying"}
    own = client_of(read_options({**fields, "quota_project": "billed"}), tmp_path)
    assert (own._credentials.refresh_token, own._credentials.quota_project_id) == ("r", "billed")
    assert own.project == "paying"
    other = client_of(read_options({**fields, "impersonate_service_account": ACCOUNT}), tmp_path)
    assert other._credentials.service_account_email == ACCOUNT


def test_fields_of_other_methods_are_left_alone(tmp_path, keyfile):
    """As dbt does: a profile may keep them for another day."""
    more = {"keyfile": "no.json", "token": "hush", "token_endpoint": "hush"}
    client = client_of(read_options({"method": "service-account-json", "keyfile_json": keyfile, **more}), tmp_path)
    assert client._credentials.service_account_email == ACCOUNT


class Answer:
    """The reply of a token endpoint."""

    def __init__(self, status: int, data: bytes) -> None:
        self.status, self.data = status, data


def test_workload_identity_asks_the_token_endpoint_as_dbt_does(tmp_path):
    from google.auth import exceptions

    endpoint = {"type": "entra", "request_url": "https://login/token", "request_data": "client_secret=hush"}
    fields = {"method": "external-oauth-wif", "project": "shop", "token_endpoint": endpoint}
    fields |= {"workload_pool_provider_path": "//iam/pool", "service_account_impersonation_url": "https://iam/a:b"}
    access = read_options(fields)
    credentials = client_of(access, tmp_path)._credentials
    supplier, asked = credentials._subject_token_supplier, []

    def request(**how: object) -> Answer:
        asked.append(how)
        return Answer(200, b'{"access_token": "t"}') if len(asked) == 1 else Answer(401, b"hush")

    assert supplier.get_subject_token(None, request) == "t"
    assert (asked[0]["url"], asked[0]["body"]) == ("https://login/token", b"client_secret=hush")
    assert (credentials._audience, set(credentials.scopes)) == ("//iam/pool", set(SCOPES))
    assert credentials._service_account_impersonation_url == "https://iam/a:b"
    with pytest.raises(exceptions.RefreshError) as raised:
        supplier.get_subject_token(None, request)
    assert "hush" not in f"{raised.value} {access!r} {access.scrubbed('client_secret=hush')}"


def test_tokens_that_came_after_the_sign_in_are_secret_too(tmp_path):
    fields = {"method": "oauth-secrets", "project": "shop", "refresh_token": "rrrr", "client_id": "c"}
    fields |= {"client_secret": "ssss", "token_uri": "https://oauth2.googleapis.com/token"}
    access = read_options({**fields, "impersonate_service_account": ACCOUNT})
    credentials = client_of(access, tmp_path)._credentials
    credentials.token, credentials._source_credentials.token = "fetched", "refreshed"
    assert access.scrubbed("rrrr ssss fetched refreshed", find_tokens(credentials)) == "… … … …"


def test_application_default_names_the_project(tmp_path, keyfile, monkeypatch):
    (tmp_path / "key.json").write_text(json.dumps(keyfile))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    assert client_of(read_options({"method": "oauth"}), tmp_path).project == "paying"


@pytest.mark.parametrize("broken", [{"private_key": "-----BEGIN hush"}, None])
def test_broken_key_is_told_without_it(tmp_path, keyfile, broken):
    said = "{not json hush" if broken is None else {**keyfile, **broken}
    access = read_options({"method": "service-account-json", "keyfile_json": said, "project": "shop"})
    with pytest.raises(ConfigError) as raised:
        client_of(access, tmp_path)
    error = raised.value
    assert error.code == "sign-in-failed"
    told = f"{error.message} {error.context} {error.hint} {error.__cause__} {access!r}"
    assert "hush" not in told
    assert keyfile["private_key"][:60] not in told


def test_missing_key_file_is_named(tmp_path):
    with pytest.raises(ConfigError) as raised:
        client_of(read_options({"method": "service-account", "keyfile": "no.json", "project": "shop"}), tmp_path)
    assert "no.json" in str(raised.value.context["reason"])


def test_missing_driver_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    monkeypatch.delattr("google.cloud.bigquery", raising=False)
    with pytest.raises(ConfigError) as raised:
        open_warehouse(Connection("bigquery", OAUTH, tmp_path, "200MB", WaitPolicy(0, time.monotonic, time.sleep)))
    assert raised.value.code == "missing-extra"
    assert "reverse-etl[bigquery]" in raised.value.hint
