"""Reads dbt-snowflake's profile as a connection. Opens none.

Names, aliases and defaults: docs.getdbt.com, "Snowflake setup". Fields that only dbt uses are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reverse_etl.errors import ConfigError
from reverse_etl.secret import Secret
from reverse_etl.warehouses.snowflake.credentials import SignIn, sign_in
from reverse_etl.warehouses.snowflake.identifiers import quote_place
from reverse_etl.warehouses.snowflake.login_retry import Trying, asks_somebody, trying_of

_DETECTING = "platform_detection_timeout_seconds"
# Fields that have the same name in the connector and in dbt.
_PASSED = (
    "account",
    "user",
    "database",
    "schema",
    "warehouse",
    "role",
    "host",
    "port",
    "protocol",
    "proxy_host",
    "proxy_port",
    _DETECTING,
)
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "password": ("pass",),
    "user": ("username",),
    "database": ("dbname",),
}
SECRETS = ("password", "private_key", "private_key_passphrase", "token", "oauth_client_secret")
_LOGIN_TIMEOUT, _STATEMENT_TIMEOUT = 60, 3600
# A statement can run five minutes longer than its client, and another sync can hold the table of rejections for one.
_LOCK_TIMEOUT = 600
# The time that the connector gives a person.
_ASKING_TIMEOUT = 120
# Settings of the account or user that texts and comparisons must not depend on.
_SESSION: Mapping[str, object] = {
    "TIMEZONE": "UTC",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF9",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF9",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "DATE_INPUT_FORMAT": "AUTO",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS.FF9",
    "TIME_INPUT_FORMAT": "AUTO",
    "BINARY_INPUT_FORMAT": "HEX",
    "BINARY_OUTPUT_FORMAT": "HEX",
    "GEOGRAPHY_OUTPUT_FORMAT": "GeoJSON",
    "GEOMETRY_OUTPUT_FORMAT": "GeoJSON",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ERROR_ON_NONDETERMINISTIC_MERGE": True,
    "ROWS_PER_RESULTSET": 0,
    # If its client crashed, a statement is cancelled after five minutes, and its lock is released.
    "ABORT_DETACHED_QUERY": True,
    "LOCK_TIMEOUT": _LOCK_TIMEOUT,
    # The MB of one part of a large result, and how many parts are fetched ahead: both limit this process's memory.
    "CLIENT_RESULT_CHUNK_SIZE": 48,
    "CLIENT_PREFETCH_THREADS": 2,
}


@dataclass(frozen=True)
class ProfileOptions:
    """How to sign in. `options` are the connector's own options, without options of the sign-in."""

    options: Mapping[str, object] = field(repr=False)
    signing: SignIn = field(repr=False)
    database: str
    trying: Trying
    secrets: tuple[Secret, ...] = ()

    @property
    def public_facts(self) -> dict[str, object]:
        """The place that this leads to, without secrets."""
        names = ("account", "host", "user", "role", "warehouse", "database")
        return {name: self.options[name] for name in names if self.options.get(name)}

    @property
    def grantee(self) -> str:
        """The role whose rights count, as an identifier."""
        role = self.options.get("role")
        return quote_place(str(role)) if role else f"<the default role of {self.options.get('user') or 'this user'}>"

    def without_secrets(self, words: str) -> str:
        """Return a message of the connector without the secrets of the profile."""
        return remove_secrets(words, [secret.reveal() for secret in self.secrets])


def remove_secrets(words: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets, even if its spaces and line breaks have changed."""
    for secret in sorted(secrets, key=len, reverse=True):
        if parts := secret.split():
            words = re.sub(r"\s*".join(map(re.escape, parts)), "…", words)
    return words


def read_options(fields: Mapping[str, object], working_dir: Path) -> ProfileOptions:
    """Return the options from the profile's fields. Raises ConfigError if the fields do not fit together."""
    said = {name: value for name, value in _spelled(fields).items() if value not in (None, "")}
    for name in ("account", "database"):
        if name not in said:
            raise ConfigError(
                "incomplete-profile",
                f"the dbt target is Snowflake, but its profile has no `{name}`",
                context={"missing": name},
                hint="Add it to the target in profiles.yml; `dbt debug` checks the rest.",
            )
    # Underscores are allowed in an account's name, but not in a host's name.
    said["account"] = str(said["account"]).replace("_", "-")
    options = {name: said[name] for name in _PASSED if name in said}
    # The identity of a platform is only read in the places that sign in with it.
    options |= {} if "workload_identity_provider" in said else {_DETECTING: said.get(_DETECTING, 0.0)}
    pause = _seconds(said, "connect_timeout", 0) if "connect_timeout" in said else None
    waiting = {
        "login_timeout": _seconds(said, "login_timeout", _ASKING_TIMEOUT if asks_somebody(said) else _LOGIN_TIMEOUT),
        # The time limit of a statement with all its retries.
        "network_timeout": _seconds(said, "statement_timeout", _STATEMENT_TIMEOUT),
    }
    flags = {
        "client_session_keep_alive": said.get("client_session_keep_alive") is True,
        **({"disable_ocsp_checks": True} if said.get("insecure_mode") is True else {}),
    }
    fixed = {"autocommit": True, "paramstyle": "qmark", "arrow_number_to_decimal": True, "application": "reverse_etl"}
    return ProfileOptions(
        {**options, **waiting, **flags, **fixed, "session_parameters": _session(said)},
        sign_in(said, working_dir),
        quote_place(str(said["database"])),
        trying_of(said, _seconds(said, "connect_retries", 1), pause),
        tuple(Secret(str(said[name])) for name in SECRETS if name in said),
    )


def _spelled(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields under the connector's names."""
    found = dict(fields)
    for name, others in _ALIASES.items():
        for other in others:
            if other in found:
                found.setdefault(name, found.pop(other))
    return found


def _session(said: Mapping[str, object]) -> dict[str, object]:
    session = {
        **_SESSION,
        "QUERY_TAG": str(said.get("query_tag") or "reverse-etl"),
        "STATEMENT_TIMEOUT_IN_SECONDS": _seconds(said, "statement_timeout", _STATEMENT_TIMEOUT),
    }
    if "s3_stage_vpce_dns_name" in said:
        session["S3_STAGE_VPCE_DNS_NAME"] = str(said["s3_stage_vpce_dns_name"])
    return session


def _seconds(said: Mapping[str, object], name: str, default: int) -> int:
    """Return a whole number that is not negative. Raises ConfigError."""
    value = said.get(name, default)
    if str(value).isdigit():
        return int(str(value))
    raise ConfigError(
        "invalid-profile",
        f"`{name}` of the dbt target is not a whole number",
        context={"found": value},
        hint=f"Correct `{name}` in profiles.yml, or leave it out for {default}.",
    )
