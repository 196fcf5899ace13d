"""Reads dbt-bigquery's profile: how to sign in, and rules for jobs. Opens no connection.

Names, aliases and defaults: docs.getdbt.com, "BigQuery setup", and dbt-bigquery 1.12.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reverse_etl.errors import ConfigError

# A field and its names in a profile, dbt's own name first.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "project": ("project", "database"),
    "job_retries": ("job_retries", "retries"),
    "job_execution_timeout_seconds": ("job_execution_timeout_seconds", "timeout_seconds"),
}
_REFRESHING = ("client_id", "client_secret", "token_uri")
# A method: fields that it needs one of, and optional fields. Like dbt, it ignores all others.
_METHODS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "oauth": ((), ()),
    "service-account": (("keyfile",), ()),
    "service-account-json": (("keyfile_json",), ()),
    "oauth-secrets": (("token", "refresh_token"), _REFRESHING),
    "external-oauth-wif": (("token_endpoint",), ("workload_pool_provider_path", "service_account_impersonation_url")),
}
# Shorter texts are not treated as secrets, since they may be part of any word.
_SHORTEST = 3
SCOPES = (
    "https://www.googleapis.com/auth/bigquery",
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/drive",
    "https://www.googleapis.com/auth/userinfo.email",
)


@dataclass(frozen=True)
class Rules:
    """How jobs are run. Times are in seconds; 0 means that we set no limit."""

    priority: str = "INTERACTIVE"
    maximum_bytes_billed: int = 0
    reservation: str = ""
    retries: int = 1
    creation_timeout: float = 60
    execution_timeout: float = 0
    retry_deadline: float = 0


@dataclass(frozen=True)
class ProfileOptions:
    """How to sign in, and where. `signing` are the fields of the method, with its secrets.

    `project` holds the data, `execution_project` pays for the jobs; an empty one comes from the sign-in.
    """

    method: str
    project: str
    execution_project: str
    location: str
    signing: Mapping[str, object] = field(repr=False)
    scopes: tuple[str, ...] = SCOPES
    impersonate: str = ""
    quota_project: str = ""
    api_endpoint: str = ""
    storage_endpoint: str = ""
    rules: Rules = field(default_factory=Rules)

    def scrubbed(self, text: str, more: Sequence[str] = ()) -> str:
        """Return a text of a driver without the secrets of the profile, and without `more` later secrets."""
        for secret in sorted((*_secrets(self.signing), *more), key=len, reverse=True):
            text = text.replace(secret, "…") if len(secret) > _SHORTEST else text
        return text


def read_options(fields: Mapping[str, object]) -> ProfileOptions:
    """Return the options from the profile's fields. Raises ConfigError if the fields do not fit together."""
    method = _text(fields, "method")
    _check(method, fields)
    project = _text(fields, "project")
    scopes = fields.get("scopes")
    return ProfileOptions(
        method=method,
        project=project,
        execution_project=_text(fields, "execution_project") or project,
        location=_text(fields, "location"),
        signing={key: fields[key] for keys in _METHODS[method] for key in keys if fields.get(key)},
        scopes=tuple(map(str, scopes)) if isinstance(scopes, (list, tuple)) and scopes else SCOPES,
        impersonate=_text(fields, "impersonate_service_account"),
        quota_project=_text(fields, "quota_project"),
        api_endpoint=_text(fields, "api_endpoint"),
        storage_endpoint=_text(fields, "storage_api_endpoint"),
        rules=_rules(fields),
    )


def _rules(fields: Mapping[str, object]) -> Rules:
    priority = (_text(fields, "priority") or "interactive").upper()
    if priority not in ("INTERACTIVE", "BATCH"):
        raise _wrong("priority", "`interactive` or `batch`")
    return Rules(
        priority=priority,
        maximum_bytes_billed=_count(fields, "maximum_bytes_billed", 0),
        reservation=_text(fields, "reservation"),
        retries=_count(fields, "job_retries", 1),
        creation_timeout=_count(fields, "job_creation_timeout_seconds", 60),
        execution_timeout=_count(fields, "job_execution_timeout_seconds", 0),
        retry_deadline=_count(fields, "job_retry_deadline_seconds", 0),
    )


def _check(method: str, fields: Mapping[str, object]) -> None:
    if method not in _METHODS:
        raise ConfigError(
            "unknown-sign-in",
            f"the dbt target is BigQuery, and its profile has {f'the method `{method}`' if method else 'no `method`'}",
            context={"supported": ", ".join(_METHODS)},
            hint="Set `method:` of the target in profiles.yml to one of them.",
        )
    needed, _ = _METHODS[method]
    if needed and not any(fields.get(key) for key in needed):
        raise _incomplete(method, " or ".join(f"`{key}`" for key in needed))
    if method == "oauth-secrets" and not fields.get("token"):
        lacking = [key for key in _REFRESHING if not fields.get(key)]
        if lacking:
            raise _incomplete(method, " and ".join(f"`{key}`" for key in lacking))
    if method == "external-oauth-wif":
        _check_endpoint(fields)


def _check_endpoint(fields: Mapping[str, object]) -> None:
    """Check where a token of another identity provider comes from."""
    endpoint = fields["token_endpoint"]
    if not isinstance(endpoint, Mapping) or endpoint.get("type") != "entra":
        raise _wrong("token_endpoint", "a mapping whose `type` is `entra`, the only one that dbt-bigquery knows")
    lacking = [f"`token_endpoint.{key}`" for key in ("request_url", "request_data") if not endpoint.get(key)]
    lacking += [] if fields.get("workload_pool_provider_path") else ["`workload_pool_provider_path`"]
    if lacking:
        raise _incomplete("external-oauth-wif", " and ".join(lacking))


def _incomplete(method: str, missing: str) -> ConfigError:
    return ConfigError(
        "incomplete-profile",
        f"the dbt target is BigQuery and signs in by `{method}`, but its profile has no {missing}",
        context={"method": method, "missing": missing},
        hint="Add it to the target in profiles.yml; `dbt debug` checks the rest.",
    )


def _wrong(key: str, allowed: str) -> ConfigError:
    return ConfigError(
        "wrong-profile-field",
        f"the dbt target is BigQuery, but `{key}` of its profile is not {allowed}",
        context={"field": key, "allowed": allowed},
        hint="Correct it in the target in profiles.yml.",
    )


def _field_value(fields: Mapping[str, object], key: str) -> object:
    return next((fields[name] for name in _ALIASES.get(key, (key,)) if fields.get(name) not in (None, "")), None)


def _text(fields: Mapping[str, object], key: str) -> str:
    return str(_field_value(fields, key) or "")


def _count(fields: Mapping[str, object], key: str, default: int) -> int:
    said = _field_value(fields, key)
    if said is None:
        return default
    if isinstance(said, bool) or not re.fullmatch(r"\d+", str(said)):
        raise _wrong(key, "a whole number")
    return int(str(said))


def _secrets(signing: Mapping[str, object]) -> list[str]:
    """Return the texts that no message may contain."""
    keyfile, endpoint = signing.get("keyfile_json"), signing.get("token_endpoint")
    found = [signing.get(key) for key in ("token", "refresh_token", "client_secret")]
    found += (
        [keyfile.get(key) for key in ("private_key", "private_key_id")] if isinstance(keyfile, Mapping) else [keyfile]
    )
    found += [endpoint.get("request_data")] if isinstance(endpoint, Mapping) else []
    return [str(secret) for secret in found if secret]
