"""Signs in at Google: credentials and clients from a profile. No other file does. Sends nothing until it is used."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from reverse_etl.errors import ConfigError
from reverse_etl.warehouses.bigquery.profile import ProfileOptions
from reverse_etl.warehouses.extras import missing_driver, require


def client_of(profile: ProfileOptions, working_dir: Path) -> Any:
    """Return a client of the REST interface, for the project that pays. Raises ConfigError."""
    bigquery = driver()
    credentials, found = _signed_in(profile, working_dir)
    project = profile.execution_project or found
    if not project:
        raise ConfigError(
            "incomplete-profile",
            "the dbt target is BigQuery, but its profile and its sign-in do not name a project",
            context={"method": profile.method, "missing": "project"},
            hint="Add `project` to the target in profiles.yml.",
        )
    options = {"api_endpoint": profile.api_endpoint} if profile.api_endpoint else {}
    return bigquery.Client(project, credentials, location=profile.location or None, client_options=options)


def storage_of(profile: ProfileOptions, client: Any) -> Any | None:
    """Return a client of the Storage Read API; None if a custom endpoint has none."""
    if profile.api_endpoint and not profile.storage_endpoint:
        return None
    from google.cloud import bigquery_storage

    reader: Any = bigquery_storage.BigQueryReadClient
    if profile.storage_endpoint.startswith("http://"):
        import grpc

        channel: Any = grpc.insecure_channel(profile.storage_endpoint.removeprefix("http://"))
        return reader(transport=reader.get_transport_class("grpc")(channel=channel))
    options = {"api_endpoint": profile.storage_endpoint} if profile.storage_endpoint else {}
    return reader(credentials=client._credentials, client_options=options)  # noqa: SLF001  # as the client itself does


def driver() -> Any:
    """Return the module of the driver. Raises ConfigError that names the extra."""
    try:
        import pyarrow as pa
        from google.cloud import bigquery
    except ImportError as error:
        raise missing_driver("BigQuery", error.name) from error
    del pa
    require("BigQuery", "google.cloud.bigquery_storage")  # without it, reading takes many times as long
    return bigquery


def find_tokens(credentials: Any) -> list[str]:
    """Return the current tokens of credentials and of their sources. The profile does not have them."""
    found = []
    while credentials is not None:
        found += [token for token in (getattr(credentials, "token", None),) if token]
        credentials = getattr(credentials, "_source_credentials", None)
    return found


def _signed_in(profile: ProfileOptions, working_dir: Path) -> tuple[Any, str]:
    """Return credentials, and the project that they belong to."""
    from google.auth import exceptions

    try:
        credentials, project = _METHODS[profile.method](profile, working_dir)
    except (exceptions.GoogleAuthError, OSError, ValueError, TypeError, RecursionError) as error:
        raise ConfigError(
            "sign-in-failed",
            f"BigQuery cannot be signed in to by `{profile.method}`",
            context={"reason": profile.scrubbed(_reason(error))},
            hint=_HINTS[profile.method],
        ) from None  # the driver may quote a key
    if profile.impersonate:
        from google.auth import impersonated_credentials

        credentials = impersonated_credentials.Credentials(credentials, profile.impersonate, list(profile.scopes))
    if profile.quota_project:
        credentials = credentials.with_quota_project(profile.quota_project)
    return credentials, project


def _application_default(profile: ProfileOptions, working_dir: Path) -> tuple[Any, str]:
    import google.auth

    del working_dir
    credentials, project = google.auth.default(scopes=profile.scopes)
    return credentials, project or ""


def _keyfile(profile: ProfileOptions, working_dir: Path) -> tuple[Any, str]:
    path = working_dir / Path(str(profile.signing["keyfile"])).expanduser()
    return _service_account(json.loads(path.read_text(encoding="utf-8")), profile)


def _keyfile_json(profile: ProfileOptions, working_dir: Path) -> tuple[Any, str]:
    """Return the key file of the profile, from a mapping or from JSON text, which may be in base64."""
    del working_dir
    said: Any = profile.signing["keyfile_json"]
    if isinstance(said, str):
        with suppress(binascii.Error, UnicodeDecodeError):
            said = base64.b64decode(said, validate=True).decode()
        said = json.loads(said)
    return _service_account(said, profile)


def _service_account(info: Mapping[str, Any], profile: ProfileOptions) -> tuple[Any, str]:
    from google.oauth2 import service_account

    # A key from an environment variable has its line breaks written as `\n`.
    info = {**info, "private_key": str(info.get("private_key", "")).replace("\\n", "\n")}
    credentials = service_account.Credentials.from_service_account_info(info, scopes=profile.scopes)
    return credentials, credentials.project_id or ""


def _oauth_secrets(profile: ProfileOptions, working_dir: Path) -> tuple[Any, str]:
    from google.oauth2 import credentials

    del working_dir
    keys = ("token", "refresh_token", "client_id", "client_secret", "token_uri")
    return credentials.Credentials(**{key: profile.signing.get(key) for key in keys}, scopes=profile.scopes), ""


def _identity_pool(profile: ProfileOptions, working_dir: Path) -> tuple[Any, str]:
    """Return workload identity federation with a token of Entra, with the same fields as dbt-bigquery."""
    from google.auth import exceptions, identity_pool

    del working_dir
    endpoint: Any = profile.signing["token_endpoint"]
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}

    class Entra(identity_pool.SubjectTokenSupplier):
        def get_subject_token(self, context: Any, request: Any) -> str:
            del context
            body = str(endpoint["request_data"]).encode()
            reply = request(url=endpoint["request_url"], method="POST", headers=headers, body=body)
            try:
                return str(json.loads(reply.data)["access_token"])
            except (ValueError, KeyError, TypeError):
                raise exceptions.RefreshError(f"the token endpoint answered {reply.status} without a token") from None

    info = {
        "type": "external_account",
        "audience": profile.signing["workload_pool_provider_path"],
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "subject_token_supplier": Entra(),
        "service_account_impersonation_url": profile.signing.get("service_account_impersonation_url"),
    }
    return identity_pool.Credentials.from_info(info).with_scopes(profile.scopes), ""


def _reason(error: Exception) -> str:
    """Return what went wrong. Only the driver's own errors and file errors are quoted, never what was read."""
    from google.auth import exceptions

    is_safe = isinstance(error, (OSError, exceptions.DefaultCredentialsError, exceptions.MalformedError))
    words = str(error).strip().splitlines() if is_safe else []
    return words[0] if words else f"{type(error).__name__} while the credentials were read"


_METHODS: Mapping[str, Callable[[ProfileOptions, Path], tuple[Any, str]]] = {
    "oauth": _application_default,
    "service-account": _keyfile,
    "service-account-json": _keyfile_json,
    "oauth-secrets": _oauth_secrets,
    "external-oauth-wif": _identity_pool,
}
_HINTS: Mapping[str, str] = {
    "oauth": "Run `gcloud auth application-default login`, or let GOOGLE_APPLICATION_CREDENTIALS name a file.",
    "service-account": "Check that `keyfile` of the target in profiles.yml is the JSON key of a service account.",
    "service-account-json": "Check that `keyfile_json` of the target in profiles.yml is the JSON key of an account.",
    "external-oauth-wif": "Check `token_endpoint` and `workload_pool_provider_path`; `dbt debug` uses the same.",
    "oauth-secrets": "Check the token fields of the target in profiles.yml; `dbt debug` uses the same.",
}
